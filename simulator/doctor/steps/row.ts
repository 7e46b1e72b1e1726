/** What became of the reading on the platform: refused and why, or a row in the store. */

import { sleep } from '../../../model/clock.ts';
import { limits } from '../../../model/limits.ts';
import { type Finding, finding, type Step } from '../finding.ts';
import { checkPayload } from '../payload-check.ts';
import type { PlatformView } from '../platform-view.ts';
import { spanOf } from '../span.ts';
import type { Visit } from '../visit.ts';

const pollIntervalMs = 500;

/** Less is a matter of the network and of whole seconds in the answer. */
const clockLeadNotedMs = 60_000;

export const rowStep: Step = {
  id: 'row',
  decisive: false,
  async run(visit, found) {
    const { connection, platform } = visit;
    if (platform === null) {
      const id = connection.api === null ? 'row.no-api' : 'row.no-device';
      found(finding('row', 'not-checked', id));
      return;
    }
    const clock = clockFinding(platform);
    if (clock !== null) found(clock);
    const problem = problemFinding(platform);
    if (problem !== null) {
      found(problem);
    } else if (visit.sent === 'acknowledged') {
      await follow(visit, platform, found);
    } else {
      found(finding('row', 'not-checked', 'row.not-sent'));
    }
  },
};

/** Tells what was refused, until there is a row, the whole reading was refused or time is over. */
async function follow(
  { clock, connection, rowTimeoutMs }: Visit,
  platform: PlatformView,
  found: (finding: Finding) => void,
): Promise<void> {
  const { timestampsMs } = checkPayload(connection.payload!, clock.nowMs());
  const endMs = clock.monotonicMs() + rowTimeoutMs;
  for (;;) {
    const stored = await platform.hasRow(timestampsMs.at(-1) ?? null);
    // Asked after the row: what was refused of the same reading is known by then.
    const news = await platform.news();
    const whole = news.filter(({ kind }) => kind === 'reading-refused');
    // What is said of the whole reading names its fields.
    const told = whole.length > 0 ? whole : news.filter(({ kind }) => kind === 'field-refused');
    for (const { text } of told) found(finding('row', 'wrong', 'row.refused', text));
    const problem = problemFinding(platform);
    if (problem !== null) found(problem);
    else if (stored) found(finding('row', 'ok', 'row.stored'));
    if (problem !== null || stored || whole.length > 0) return;
    if (clock.monotonicMs() >= endMs) break;
    await sleep(clock, pollIntervalMs);
  }
  found(finding('row', 'wrong', 'row.not-yet', Math.round(rowTimeoutMs / 1000)));
}

function problemFinding({ key, problem, url }: PlatformView): Finding | null {
  if (problem === null) return null;
  if (problem.kind === 'unreachable') {
    return finding('row', 'not-checked', 'row.api-unreachable', url, problem.reason);
  }
  if (problem.kind === 'device') return finding('row', 'wrong', 'row.device-unknown', key);
  const id = problem.kind === 'token' ? 'row.api-refused' : 'row.api-failed';
  return finding('row', 'not-checked', id, problem.problem);
}

/** Wrong when readings would be refused for it; a note when the clock is a little off. */
function clockFinding({ clockLeadMs }: PlatformView): Finding | null {
  if (clockLeadMs === null || Math.abs(clockLeadMs) < clockLeadNotedMs) return null;
  const ahead = clockLeadMs > 0;
  const refuses = clockLeadMs > limits.readingAheadMsMax || -clockLeadMs > limits.readingAgeMsMax;
  const verdict = refuses ? 'wrong' : 'note';
  return finding(
    'row',
    verdict,
    ahead ? 'row.clock-ahead' : 'row.clock-behind',
    spanOf(Math.abs(clockLeadMs)),
  );
}
