/** How much memory V8 may take in a worker before it looks what of it is still in use. */

/** Of what was made a moment ago; what a worker makes lives for one commit. V8's own choice is 64. */
const youngHalfMiB = 16;
/**
 * Of everything else. V8 lets the heap of a machine with much memory grow fourfold between two
 * looks; under this bound by a half. 12,500 sessions take 150 MB.
 */
const oldMiBMin = 1024;
/** A session takes about 11 KiB. */
const oldKiBPerSession = 32;
const oldMiBBeside = 256;
/**
 * Before V8 looks through old memory for the first time. 12,500 sessions fit: looking while they
 * connect, again and again, finds nothing and costs a sixth of each CONNECT.
 */
const oldInitialMiB = 176;

/** Flags of Node for a worker of at most `sessionsMax` sessions. */
export function workerMemoryFlags(sessionsMax: number): readonly string[] {
  const needed = oldMiBBeside + Math.ceil((sessionsMax * oldKiBPerSession) / 1024);
  return [
    `--min-semi-space-size=${youngHalfMiB}`,
    `--max-semi-space-size=${youngHalfMiB}`,
    `--initial-old-space-size=${oldInitialMiB}`,
    `--max-old-space-size=${Math.max(oldMiBMin, needed)}`,
  ];
}
