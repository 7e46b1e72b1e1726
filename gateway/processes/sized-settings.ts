/** Settings of a gateway on this machine: with numbers where they leave the size open. */

import { availableParallelism } from 'node:os';
import { openFilesLimit } from '../../model/open-files-limit.ts';
import type { GatewaySettings } from '../config.ts';
import { mqttHosts } from '../data-folder/possession.ts';
import { type GatewaySize, gatewaySize, type MachineSize } from './sizing.ts';

/** What supervisor and workers go by. */
export type SizedSettings = GatewaySettings & {
  readonly workers: number;
  readonly broker: Omit<GatewaySize, 'workers'>;
};

function thisMachine(): MachineSize {
  return {
    openFilesMax: openFilesLimit(),
    cores: availableParallelism(),
    sharesPorts: process.platform === 'linux',
  };
}

/** @throws OnrampError `config.open-files-limit`. */
export function sizedSettings(
  settings: GatewaySettings,
  machine: MachineSize = thisMachine(),
): SizedSettings {
  const { broker } = settings;
  const { workers, ...worker } = gatewaySize(
    {
      workers: settings.workers,
      sessionsExpected: broker.sessionsExpected ?? null,
      sessionsMax: broker.sessionsMax ?? null,
      listeners: mqttHosts(settings).length * (broker.tlsPort === null ? 1 : 2),
    },
    machine,
  );
  return { ...settings, workers, broker: { ...broker, ...worker } };
}
