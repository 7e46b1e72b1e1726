/** Walks through the steps of a connection, as the machine would, and says what it finds. */

import type { Clock } from '../../model/clock.ts';
import type { Connection } from './connection.ts';
import { type Finding, finding, type Step } from './finding.ts';
import { PlatformView } from './platform-view.ts';
import { connectStep } from './steps/connect.ts';
import { nameStep } from './steps/name.ts';
import { payloadStep } from './steps/payload.ts';
import { permissionStep } from './steps/permission.ts';
import { portStep } from './steps/port.ts';
import { rowStep } from './steps/row.ts';
import { tlsStep } from './steps/tls.ts';
import type { Visit } from './visit.ts';

/** Every step, in the order in which a machine takes them. */
const steps: readonly Step[] = [
  nameStep,
  portStep,
  tlsStep,
  connectStep,
  permissionStep,
  payloadStep,
  rowStep,
];

/** The payload can be judged without a platform. */
const always: ReadonlySet<Step> = new Set([payloadStep]);

export interface Examination {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly rowTimeoutMs: number;
  /** Told each finding when it is made. */
  readonly onFinding: (finding: Finding) => void;
}

/** The findings, in their order. A step that could not be taken says so. */
export async function examine(
  connection: Connection,
  { clock, timeoutMs, rowTimeoutMs, onFinding }: Examination,
): Promise<Finding[]> {
  const { api, deviceKey } = connection;
  const platform =
    api === null || deviceKey === null
      ? null
      : new PlatformView({ ...api, timeoutMs }, deviceKey, clock);
  const visit: Visit = {
    ...{ clock, connection, timeoutMs, rowTimeoutMs, platform },
    ...{ addresses: [], session: null, sent: 'no' },
  };
  const findings: Finding[] = [];
  const found = (made: Finding): void => {
    findings.push(made);
    onFinding(made);
  };
  await platform?.begin();
  let blocked = false;
  for (const step of steps) {
    if (blocked && !always.has(step)) {
      found(finding(step.id, 'not-checked', 'skipped'));
      continue;
    }
    const before = findings.length;
    await step.run(visit, found);
    const wrong = findings.slice(before).some(({ verdict }) => verdict === 'wrong');
    if (step.decisive && wrong) blocked = true;
  }
  visit.session?.cut();
  return findings;
}
