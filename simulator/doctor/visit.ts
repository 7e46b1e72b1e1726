/** What the steps of one examination share. */

import type { Clock } from '../../model/clock.ts';
import type { Connection } from './connection.ts';
import type { MqttSession } from './mqtt-session.ts';
import type { PlatformView } from './platform-view.ts';

export interface Visit {
  readonly clock: Clock;
  readonly connection: Connection;
  /** For one answer of the platform. */
  readonly timeoutMs: number;
  /** For the row, once the reading was acknowledged. */
  readonly rowTimeoutMs: number;
  /** What the platform says of the device; null without API or device. */
  readonly platform: PlatformView | null;
  /** Addresses of the host, by the step `name`; the step `port` leaves the one that answers. */
  addresses: readonly string[];
  /** Set by the step `connect`. */
  session: MqttSession | null;
  /** What became of the reading, set by the step `permission`. */
  sent: 'no' | 'acknowledged' | 'closed' | 'silent';
}
