/** The `demo` command: gateway, store, a simulated city and the dashboard, until Ctrl-C. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { untilSignal } from '../gateway/command.ts';
import { type GatewaySettings, parseSettings } from '../gateway/config.ts';
import { fleetKeyIn } from '../gateway/data-folder/owner-file.ts';
import { paths } from '../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../gateway/processes/launcher.ts';
import type { GatewayAddress } from '../gateway/supervisor.ts';
import { systemClock } from '../model/clock.ts';
import { errorCodeOf } from '../model/errors.ts';
import { openFilesLimit } from '../model/open-files-limit.ts';
import { type SimulationOptions, simulationOptions } from '../simulator/options.ts';
import { runSimulation, type SimulationProgress } from '../simulator/run.ts';
import { sessionsMaxOf } from '../simulator/shards/process-count.ts';
import { GatewayClient } from './gateway-client.ts';

/** What the command line says. */
export interface DemoFlags {
  city?: true;
  data: string;
  devices?: string;
  enterprises?: string;
  seed: string;
  interval?: string;
  httpPort: string;
  mqttPort: string;
  lan?: true;
  publicUrl?: string;
}

/** What is played unless the flags say otherwise. */
const cities = {
  small: { devices: 1000, enterprises: 100, intervalMs: 5000 },
  whole: { devices: 100_000, enterprises: 10_000, intervalMs: 10_000 },
};

/** With this load a core that has everything to carry is far from busy. */
const messagesPerSecondOfCore = 1700;

/** One address of this machine has ports for some 28,000 connections. */
const sessionsOfAddress = 10_000;
/** Visitors who connect a device of their own, beside the city's. */
const visitors = 500;

/** `onramp demo`. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Everything on this machine: gateway, embedded store, a small city, the dashboard')
    .option('--city', 'the whole city: 100,000 devices of 10,000 enterprises')
    .option('--devices <n>', 'production devices of the city (default: 1000)')
    .option('--enterprises <n>', 'enterprises that own them (default: 100)')
    .option('--seed <n>', 'the same seed gives the same city', '1')
    .option(
      '--interval <duration>',
      'time between two readings of a device, or "nominal" (default: what the cores carry, 5s at ' +
        'the least; of the whole city 10s)',
    )
    .option('--data <folder>', 'where everything is kept', join('data', 'demo'))
    .option('--http-port <port>', 'dashboard and API; a free one when taken', '8080')
    .option('--mqtt-port <port>', 'MQTT; a free one when taken', '1883')
    .option('--lan', 'let others on the network connect and look')
    .option('--public-url <url>', 'how others reach the dashboard')
    .addHelpText(
      'after',
      `
Examples:
  npm start
  npm start -- --city        all 100,000; wants Linux, 8 GB of memory and 2 cores, better 8
  onramp demo --devices 5000 --enterprises 500 --interval nominal
  onramp demo --lan --public-url http://192.168.1.20:8080`,
    )
    .action(runDemo);
}

export interface DemoSurroundings {
  readonly cores: number;
  readonly fleetKey: Buffer;
  /** Of the gateway, on this machine. */
  readonly mqttPort: number;
}

/**
 * The fleet of the flags, as often as this machine carries.
 * @throws OnrampError `config.invalid` with every mistake.
 */
export function demoFleet(
  flags: DemoFlags,
  { cores, fleetKey, mqttPort }: DemoSurroundings,
): SimulationOptions {
  const city = flags.city ? cities.whole : cities.small;
  const devices = flags.devices ?? city.devices;
  const options = {
    seed: flags.seed,
    devices,
    enterprises: flags.enterprises ?? city.enterprises,
    interval: flags.interval ?? carriedIntervalMs(Number(devices), cores, city.intervalMs),
    target: `mqtt://127.0.0.1:${mqttPort}`,
    processes: 'auto',
    duration: 'forever',
    drain: '2s',
    fleetKey,
  };
  const addresses = addressesFor(simulationOptions(options).devices);
  return simulationOptions({ ...options, ...(addresses > 1 && { spreadLoopback: addresses }) });
}

/** The city's own interval, or more tens of seconds where the cores carry less. */
function carriedIntervalMs(devices: number, cores: number, ownMs: number): number {
  const leastMs = (devices / (messagesPerSecondOfCore * cores)) * 1000;
  return leastMs > ownMs ? Math.ceil(leastMs / 10_000) * 10_000 : ownMs;
}

/** The gateway that such a fleet needs. */
export function demoSettings(
  flags: DemoFlags,
  devices: number,
  ports: { readonly http: number; readonly mqtt: number },
): GatewaySettings {
  return parseSettings({
    data: flags.data,
    lan: flags.lan,
    publicUrl: flags.publicUrl,
    simulated: true,
    logLevel: 'warn',
    workers: 'auto',
    http: { port: ports.http },
    broker: {
      port: ports.mqtt,
      tlsPort: null,
      sessionsExpected: devices + visitors,
      loopbackAddresses: addressesFor(devices),
    },
    retention: { rows: '6h', deadLetters: '6h' },
    store: { kind: 'embedded' },
  });
}

/** Only Linux answers on all of 127.0.0.0/8 without being told to. */
function addressesFor(devices: number): number {
  return process.platform === 'linux' ? Math.ceil(devices / sessionsOfAddress) : 1;
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const cores = availableParallelism();
  const planned = demoFleet(flags, { cores, fleetKey: Buffer.alloc(32), mqttPort: 1 });
  const { devices, enterprises, seed } = planned;
  say(`Starting the gateway and its embedded store in ${flags.data} …`);
  const { launcher, address } = await startGateway(flags, devices);
  const stop = new AbortController();
  void untilSignal().then(() => stop.abort());
  try {
    const client = new GatewayClient(address.httpUrl, address.operatorToken);
    say(`Registering ${devices} devices of ${enterprises} enterprises …`);
    await client.importCity({ seed, enterprises, devices, sensors: false });
    process.stdout.write(`${dashboardUrl(address, flags)}\n`);
    const fleetKey = fleetKeyIn(paths(flags.data).fleetKey);
    const fleet = demoFleet(flags, { cores, fleetKey, mqttPort: address.mqttPort! });
    await runSimulation(fleet, {
      clock: systemClock,
      signal: stop.signal,
      sessionsMax: sessionsMaxOf(openFilesLimit()),
      cores,
      onProgress: progressLine(client),
    });
  } finally {
    say('\nStopping …');
    await launcher.stop();
  }
}

/** Starts the gateway; when a port is taken, on free ones. */
async function startGateway(flags: DemoFlags, devices: number) {
  const start = async (http: number, mqtt: number) => {
    const launcher = new GatewayLauncher({
      settings: demoSettings(flags, devices, { http, mqtt }),
      onDied: (how) => say(`The supervisor ended with ${how}; it is started again.`),
    });
    return { launcher, address: await launcher.start() };
  };
  try {
    return await start(Number(flags.httpPort), Number(flags.mqttPort));
  } catch (error) {
    if (errorCodeOf(error) !== 'config.port-busy') throw error;
    say('A port is taken; using free ones.');
    return await start(0, 0);
  }
}

function dashboardUrl(address: GatewayAddress, flags: DemoFlags): string {
  return `${flags.publicUrl ?? address.httpUrl}/#token=${address.operatorToken}`;
}

/** Progress every few seconds: what the clients see, and what the store answers when asked. */
function progressLine(client: GatewayClient): (progress: SimulationProgress) => void {
  const everyMs = 5000;
  let lastMs = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (progress.elapsedMs - lastMs < everyMs) return;
    lastMs = progress.elapsedMs;
    client.summary().then(
      ({ store }) => {
        const { devices, sent, sessions } = progress;
        const rows =
          store.rows !== null
            ? `${store.rows} rows of ${store.devices} devices of ` +
              `${store.enterprises} enterprises in the store`
            : 'the store does not answer';
        say(`${sessions} of ${devices} devices connected, ${sent} readings sent; ${rows}`);
      },
      () => {},
    );
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
