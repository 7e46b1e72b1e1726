/** A VictoriaMetrics of one's own: Debian's victoria-metrics with the flags the store needs. */

import type { Clock } from '../../model/clock.ts';
import { freeLowPort } from './free-port.ts';
import { type ServerCommand, ServerProcess } from './server-process.ts';

/** victoria-metrics on loopback, with its data in `folder`. */
export function victoriaMetricsCommand(
  folder: string,
  port: number,
  flags: readonly string[] = ['-dedup.minScrapeInterval=1ms', '-retentionPeriod=100y'],
): ServerCommand {
  return {
    program: 'victoria-metrics',
    debianPackage: 'victoria-metrics',
    args: [`-storageDataPath=${folder}`, `-httpListenAddr=127.0.0.1:${port}`, ...flags],
    url: `http://127.0.0.1:${port}`,
    readyPath: '/health',
    env: { HOME: folder },
  };
}

/** A victoria-metrics that is not started yet, on a free port. */
export async function ownVictoriaMetrics(folder: string, clock: Clock): Promise<ServerProcess> {
  return new ServerProcess(victoriaMetricsCommand(folder, await freeLowPort()), clock);
}
