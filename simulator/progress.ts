/** The progress of a simulation on a terminal or in a log. */

import type { SimulationProgress } from './run.ts';

/** What progress is written to: standard error. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Between two lines where there is no terminal. */
const lineIntervalMs = 5000;

/** Clears the line from the cursor to its end (ECMA-48 EL). */
const clearToEnd = '\u001b[K';

/**
 * One line that is drawn anew on a terminal; elsewhere a line every 5 s and at each change of
 * phase. `end` leaves the last line and puts the cursor below it.
 */
export function progressWriter(output: ProgressOutput): {
  show(progress: SimulationProgress): void;
  end(): void;
} {
  let before: SimulationProgress | null = null;
  let shownMs = Number.NEGATIVE_INFINITY;
  let shownPhase: string | null = null;
  return {
    show(progress) {
      const line = progressLine(progress, before);
      before = progress;
      if (output.isTTY) {
        output.write(`\r${line}${clearToEnd}`);
      } else if (
        progress.phase !== shownPhase ||
        progress.elapsedMs - shownMs >= lineIntervalMs - 100
      ) {
        output.write(`${line}\n`);
        shownMs = progress.elapsedMs;
        shownPhase = progress.phase;
      }
    },
    end() {
      if (output.isTTY && before !== null) output.write('\n');
    },
  };
}

/** For instance `12s running: 1000/1000 connected, 4000 msg/s, 48000 sent, 47960 acknowledged`. */
export function progressLine(now: SimulationProgress, before: SimulationProgress | null): string {
  const elapsedMs = now.elapsedMs - (before?.elapsedMs ?? 0);
  const delivered = (at: SimulationProgress | null): number => at?.acked ?? at?.sent ?? 0;
  const perSecond = elapsedMs > 0 ? ((delivered(now) - delivered(before)) * 1000) / elapsedMs : 0;
  const parts = [`${now.sessions}/${now.devices} connected`];
  if (now.provisioned !== null) parts.push(`${now.provisioned} provisioned`);
  if (now.firstRows !== null) parts.push(`${now.firstRows} first rows`);
  parts.push(`${perSecond.toFixed(0)} msg/s`, `${now.sent} sent`);
  if (now.acked !== null) parts.push(`${now.acked} acknowledged`);
  if (now.skipped > 0) parts.push(`${now.skipped} skipped`);
  const worst = now.failures[0];
  if (worst !== undefined) parts.push(`${worst.stage} ${worst.code} ×${worst.count}`);
  return `${Math.round(now.elapsedMs / 1000)}s ${now.phase}: ${parts.join(', ')}`;
}
