/** Which readings of a device were dead-lettered whole. */

import { parseLine } from '../../model/line-protocol.ts';
import type { GatewayClient, Letter } from '../gateway-client.ts';

export interface DeadReadings {
  readonly seqs: ReadonlySet<number>;
  /** Readings of letters that do not tell their `seq`: the payload is gone, cut or no reading. */
  readonly unnamed: number;
}

/** Asks the gateway for the letters of one device. */
export async function deadReadingsOf(
  client: Pick<GatewayClient, 'deadLetters'>,
  enterprise: string,
  device: string,
): Promise<DeadReadings> {
  const seqs = new Set<number>();
  let unnamed = 0;
  for await (const letter of client.deadLetters(enterprise, device)) {
    if (letter.readings === 0) continue;
    const seq = letter.readings === 1 ? seqOf(letter) : null;
    if (seq === null) unnamed += letter.readings;
    else seqs.add(seq);
  }
  return { seqs, unnamed };
}

/** Of the one reading that was sent, or of the line. */
function seqOf({ payload, stage }: Letter): number | null {
  if (payload === null) return null;
  const seq = stage === 'check' ? seqOfMessage(payload) : seqOfLine(payload);
  return Number.isSafeInteger(seq) ? (seq as number) : null;
}

function seqOfMessage(payload: string): unknown {
  try {
    return (JSON.parse(payload) as { seq?: unknown } | null)?.seq;
  } catch {
    return null;
  }
}

function seqOfLine(payload: string): unknown {
  const line = parseLine(payload.trimEnd());
  if (typeof line === 'string') return null;
  return Object.fromEntries(line.fields).seq;
}
