/** The `demo` command: gateway, embedded store, a small simulated city and the dashboard, until Ctrl-C. */

import { join } from 'node:path';
import { Command } from 'commander';
import { untilSignal } from '../gateway/command.ts';
import { parseSettings } from '../gateway/config.ts';
import { fleetKeyIn } from '../gateway/data-folder/owner-file.ts';
import { paths } from '../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../gateway/processes/launcher.ts';
import type { GatewayAddress } from '../gateway/supervisor.ts';
import { systemClock } from '../model/clock.ts';
import { errorCodeOf } from '../model/errors.ts';
import { simulationOptions } from '../simulator/options.ts';
import { runSimulation, type SimulationProgress } from '../simulator/run.ts';
import { GatewayClient } from './gateway-client.ts';

interface Flags {
  data: string;
  devices: string;
  enterprises: string;
  seed: string;
  interval: string;
  httpPort: string;
  mqttPort: string;
  lan?: true;
  publicUrl?: string;
}

/** `onramp demo`. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Everything on this machine: gateway, embedded store, a small city, the dashboard')
    .option('--devices <n>', 'production devices of the city', '1000')
    .option('--enterprises <n>', 'enterprises that own them', '100')
    .option('--seed <n>', 'the same seed gives the same city', '1')
    .option('--interval <duration>', 'time between two readings of a device, or "nominal"', '5s')
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
  onramp demo --devices 5000 --enterprises 500 --interval nominal
  onramp demo --lan --public-url http://192.168.1.20:8080`,
    )
    .action(runDemo);
}

async function runDemo(flags: Flags): Promise<void> {
  const simulation = { seed: flags.seed, devices: flags.devices, enterprises: flags.enterprises };
  const city = simulationOptions({
    ...simulation,
    interval: flags.interval,
    fleetKey: Buffer.alloc(32),
  });
  say(`Starting the gateway and its embedded store in ${flags.data} …`);
  const { launcher, address } = await startGateway(flags);
  const stop = new AbortController();
  void untilSignal().then(() => stop.abort());
  try {
    const client = new GatewayClient(address.httpUrl, address.operatorToken);
    say(`Registering ${city.devices} devices of ${city.enterprises} enterprises …`);
    const { seed, enterprises, devices } = city;
    await client.importCity({ seed, enterprises, devices, sensors: false });
    process.stdout.write(`${dashboardUrl(address, flags)}\n`);
    await runSimulation(
      simulationOptions({
        ...simulation,
        interval: flags.interval,
        target: `mqtt://127.0.0.1:${address.mqttPort}`,
        duration: 'forever',
        drain: '2s',
        fleetKey: fleetKeyIn(paths(flags.data).fleetKey),
      }),
      { clock: systemClock, signal: stop.signal, onProgress: progressLine(client) },
    );
  } finally {
    say('\nStopping …');
    await launcher.stop();
  }
}

/** Starts the gateway; when a port is taken, on free ones. */
async function startGateway(flags: Flags) {
  const start = async (httpPort: number, mqttPort: number) => {
    const settings = parseSettings({
      data: flags.data,
      lan: flags.lan,
      publicUrl: flags.publicUrl,
      simulated: true,
      logLevel: 'warn',
      http: { port: httpPort },
      broker: { port: mqttPort, tlsPort: null },
      retention: { rows: '6h', deadLetters: '6h' },
      store: { kind: 'embedded' },
    });
    const launcher = new GatewayLauncher({
      settings,
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

function dashboardUrl(address: GatewayAddress, flags: Flags): string {
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
        const rows =
          store.rows !== null
            ? `${store.rows} rows of ${store.devices} devices of ${store.enterprises} enterprises in the store`
            : 'the store does not answer';
        say(
          `${progress.sessions} of ${progress.devices} devices connected, ${progress.sent} readings sent; ${rows}`,
        );
      },
      () => {},
    );
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
