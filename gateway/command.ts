/** The `gateway` command. */

import { Command } from 'commander';
import { loadSettings } from './config.ts';
import { GatewayLauncher } from './processes/launcher.ts';
import type { GatewayAddress } from './supervisor.ts';

interface Flags {
  config?: string;
  data?: string;
  httpPort?: string;
  mqttPort?: string;
  mqttTlsPort?: string;
  lan?: true;
  publicUrl?: string;
  workers?: string;
  sessions?: string;
  json?: true;
}

/** The flags of the gateway as settings, to be laid over the configuration file. */
export function settingsOf(flags: Flags): { readonly [key: string]: unknown } {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    data: flags.data,
    lan: flags.lan,
    publicUrl: flags.publicUrl,
    workers: flags.workers === 'auto' ? flags.workers : number(flags.workers),
    http: { port: number(flags.httpPort) },
    broker: {
      port: number(flags.mqttPort),
      sessionsExpected: number(flags.sessions),
      tlsPort: flags.mqttTlsPort === 'off' ? null : number(flags.mqttTlsPort),
    },
  };
}

/** `onramp gateway`: the gateway alone, until it is told to stop. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('Run the gateway: devices connect over MQTT, readings go to the store')
    .option('--config <file>', 'YAML configuration; flags win over it')
    .option('--data <folder>', 'registry, journal, tokens and keys (default: data)')
    .option('--http-port <port>', 'API, metrics and pages (default: 8080; 0 picks a free one)')
    .option('--mqtt-port <port>', 'MQTT (default: 1883; 0 picks a free one)')
    .option('--mqtt-tls-port <port>', 'MQTT over TLS (default: 8883; "off" closes it)')
    .option('--lan', 'bind to all addresses instead of loopback; authentication stays on')
    .option('--public-url <url>', 'how others reach the HTTP side')
    .option('--workers <count|auto>', 'worker processes; more than one needs Linux (default: 1)')
    .option('--sessions <count>', 'sessions that are expected at the same time; sizes "auto"')
    .option('--json', 'print the address as JSON when ready')
    .addHelpText(
      'after',
      `
Examples:
  onramp gateway                                the embedded store, all on loopback
  onramp gateway --config gateway.yaml          for instance with InfluxDB as the store
  onramp gateway --lan --public-url http://192.168.1.20:8080
  onramp gateway --workers auto --sessions 100000    as many processes as that takes

A configuration for InfluxDB:
  store: { kind: influxdb, url: http://127.0.0.1:8086, database: onramp }`,
    )
    .action(async (flags: Flags) => {
      const settings = loadSettings(flags.config, settingsOf(flags));
      const launcher = new GatewayLauncher({
        settings,
        onReady: (address, restarted) => {
          if (restarted) process.stderr.write('The gateway runs again.\n');
          else
            process.stdout.write(flags.json ? `${JSON.stringify(address)}\n` : describe(address));
        },
        onDied: (how) =>
          process.stderr.write(`The supervisor ended with ${how}; starting again.\n`),
      });
      await launcher.start();
      await untilSignal();
      process.stderr.write('Stopping: accepted readings are shipped or stay in the journal.\n');
      await launcher.stop();
    });
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Where the gateway can be reached, for people. */
function describe(address: GatewayAddress): string {
  const lines = [
    `Dashboard   ${address.httpUrl}/#token=${address.operatorToken}`,
    `MQTT        port ${address.mqttPort} (MQTT 3.1.1)`,
  ];
  if (address.mqttTlsPort !== null) {
    lines.push(
      `MQTT + TLS  port ${address.mqttTlsPort}`,
      `            SHA-256 ${address.tlsFingerprint}`,
    );
  }
  lines.push('Ready. Stop with Ctrl-C.');
  return `${lines.join('\n')}\n`;
}
