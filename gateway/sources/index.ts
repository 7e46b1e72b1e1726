/** The sources a worker can have, one line each. */

import { MqttSource } from './mqtt.ts';

export const sources = {
  mqtt: MqttSource,
} as const;
