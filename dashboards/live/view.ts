/** What every panel is given, and what it gives back. */

import type { History } from './history.ts';
import type { Texts } from './i18n.ts';
import type { Snapshot } from './snapshot.ts';

/** A part of the page. `show` is called with every snapshot and changes only what differs. */
export interface Panel {
  readonly element: HTMLElement;
  show(snapshot: Snapshot, history: History): void;
}

export type MakePanel = (texts: Texts) => Panel;
