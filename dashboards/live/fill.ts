/** The five steps of a fill that shows a share: one hue, from dark to bright. */

/** Upper bound of each step, as a share; the last one takes all the rest. */
export const fillBounds = [0.05, 0.1, 0.2, 0.3, 1] as const;

/** The step of `part` in `whole`, 1 to 5; 0 for nothing. */
export function fillStep(part: number, whole: number): number {
  if (part <= 0 || whole <= 0) return 0;
  return fillBounds.findIndex((bound) => part / whole <= bound) + 1 || fillBounds.length;
}
