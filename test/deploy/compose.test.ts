/**
 * No container engine runs here, so the Compose file is held against what it names: files, commands
 * with their flags, settings, secrets, other services.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { gatewayCommand, settingsOf } from '../../gateway/command.ts';
import { registryCommand } from '../../gateway/commands/registry.ts';
import { loadSettings } from '../../gateway/config.ts';
import { sizedSettings } from '../../gateway/processes/sized-settings.ts';
import { simulateCommand } from '../../simulator/command.ts';
import { simulationOptions } from '../../simulator/options.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly restart?: string;
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The file as Compose reads it with these variables. */
function compose(variables: Readonly<Record<string, string>> = {}): Compose {
  const text = read('docker-compose.yml').replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, preset: string) => variables[name] || preset,
  );
  expect(text.replace(/^#.*$/gm, '')).not.toContain('${');
  return parseYaml(text, { merge: true }) as Compose;
}

const city = Object.fromEntries(
  read('deploy/city.env')
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .map((line) => line.split('=') as [string, string]),
);
const { services, secrets, volumes } = compose();
const named = Object.entries(services);
const secretNames = (service: Service) =>
  (service.secrets ?? []).map((secret) => (typeof secret === 'string' ? secret : secret.source));
/** Where a service's container has a secret. */
const secretPaths = (service: Service) =>
  (service.secrets ?? []).map((secret) =>
    typeof secret === 'string' ? `/run/secrets/${secret}` : secret.target,
  );

/** The options that `command` understands of `words`; throws for any it does not know. */
async function parsed(
  command: Command,
  words: readonly string[],
): Promise<Record<string, unknown>> {
  let options: Record<string, unknown> = {};
  for (const target of [command, ...command.commands]) {
    target.exitOverride().configureOutput({ writeErr: () => {} });
    target.action(function action(this: Command) {
      options = this.optsWithGlobals();
    });
  }
  await command.parseAsync([...words], { from: 'user' });
  return options;
}

/** What a service of Onramp runs, without node and the path of the program. */
function onrampWords({ entrypoint = [], command = [] }: Service): string[] {
  const words = [...entrypoint, ...command];
  return entrypoint.length > 0 ? words.slice(2) : words;
}

describe('docker-compose.yml', () => {
  test.each(named)(
    '%s: everything it mounts, depends on and keeps secret is there',
    (_name, service) => {
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':');
        if (source!.startsWith('.')) expect(existsSync(join(root, source!))).toBe(true);
        else expect(volumes).toHaveProperty(source!);
      }
      for (const secret of secretNames(service)) expect(secrets).toHaveProperty(secret);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(services).toHaveProperty(other);
        const once = condition === 'service_completed_successfully';
        expect(services[other]!.restart === undefined).toBe(once);
      }
    },
  );

  test.each(named)(
    '%s: a fixed version, and a health check while it runs for long',
    (_name, service) => {
      expect(service.image).toMatch(service.build ? /^onramp:local$/ : /:v?\d+\.\d+\.\d+$/);
      if (service.build)
        expect(existsSync(join(root, service.build.context, 'Dockerfile'))).toBe(true);
      const checked = service.healthcheck?.test !== undefined;
      const inImage = service.build !== undefined && service.healthcheck === undefined;
      const noServer = service.healthcheck?.disable === true && service.ports === undefined;
      expect(checked || inImage || noServer).toBe(true);
    },
  );

  test.each(named)('%s: publishes on loopback only, and has no secret in it', (_name, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|TOKEN|SECRET|KEY/.test(variable)) expect(value).toMatch(/^\/run\/secrets\//);
      if (value.startsWith('/run/secrets/')) expect(secretPaths(service)).toContain(value);
    }
  });

  test('InfluxDB and Prometheus are published to nobody', () => {
    expect(services.influxdb!.ports).toBeUndefined();
    expect(services.prometheus!.ports).toBeUndefined();
  });

  test('every secret is used, and made by the script', () => {
    const used = new Set(named.flatMap(([, service]) => secretNames(service)));
    expect(used).toEqual(new Set(Object.keys(secrets)));
    const folder = join(temporaryFolder(), 'secrets');
    execFileSync('sh', [join(root, 'deploy/make-secrets.sh'), folder]);
    const made = readdirSync(folder);
    expect(made.sort()).toEqual(Object.keys(secrets).sort());
    expect(
      Object.values(secrets)
        .map(({ file }) => file.replace('./secrets/', ''))
        .sort(),
    ).toEqual(made);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const contents = made.map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const content of contents) expect(content).toMatch(/^[\w-]{43}$/);
    expect(new Set(contents).size).toBe(contents.length);
    execFileSync('sh', [join(root, 'deploy/make-secrets.sh'), folder]);
    expect(made.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(contents);
  });

  test('no secret can be committed or get into the image', () => {
    expect(read('.gitignore').split('\n')).toContain('secrets/');
    const ignore = read('.dockerignore').split('\n');
    expect(ignore[0]).toBe('**');
    expect(ignore.filter((line) => line.startsWith('!')).join()).not.toMatch(/secrets|data/);
  });
});

describe('the commands of the Compose file', () => {
  test.each([
    ['by default', {}],
    ['the whole city', city],
  ])('gateway, %s', async (_name, variables) => {
    const service = compose(variables).services.gateway!;
    const [name, ...words] = onrampWords(service);
    expect(name).toBe('gateway');
    const flags = await parsed(gatewayCommand(), words);
    const mounted = service.volumes!.find((volume) => volume.includes(String(flags.config)))!;
    const file = join(root, mounted.split(':')[0]!);
    const settings = loadSettings(file, settingsOf(flags));
    expect(settings).toMatchObject({
      lan: true,
      simulated: true,
      data: '/var/lib/onramp',
      store: { kind: 'influxdb', url: 'http://influxdb:8086', database: 'onramp', org: 'onramp' },
    });
    const container = { openFilesMax: 65_536, cores: 8, sharesPorts: true };
    const { store, data, http, broker, workers } = sizedSettings(settings, container);
    expect(secretPaths(service)).toContain(store.kind === 'influxdb' ? store.tokenFile : '');
    expect(secretPaths(service)).toContain(join(data, 'operator.token'));
    expect(secretPaths(service)).toContain(join(data, 'fleet.key'));
    const inside = service.ports!.map((port) => Number(port.split(':').at(-1)));
    expect(inside).toEqual([http.port, broker.port, broker.tlsPort]);
    const devices = Number(onrampWords(compose(variables).services.city!).at(-5));
    expect(workers * broker.sessionsMax).toBeGreaterThanOrEqual(devices);
  });

  test.each([
    ['by default', {}],
    ['the whole city', city],
  ])('city and simulators, %s', async (_name, variables) => {
    const file = compose(variables);
    const [name, ...words] = onrampWords(file.services.city!);
    expect(name).toBe('registry');
    const registered = await parsed(registryCommand(), words);
    expect(registered).toMatchObject({ city: true, url: 'http://gateway:8080' });
    expect(secretPaths(file.services.city!)).toContain(registered.tokenFile);

    const shards: string[] = [];
    for (const [service, definition] of Object.entries(file.services)) {
      if (!service.startsWith('simulator')) continue;
      if (definition.profiles !== undefined && variables !== city) continue;
      const [command, ...flags] = onrampWords(definition);
      expect(command).toBe('simulate');
      const given = await parsed(simulateCommand(), flags);
      expect(secretPaths(definition)).toContain(given.fleetKey);
      const options = simulationOptions({ ...given, fleetKey: Buffer.alloc(32) });
      expect(options.devices).toBe(Number(registered.devices));
      expect(options.enterprises).toBe(Number(registered.enterprises));
      expect(options.seed).toBe(Number(registered.seed));
      expect(options).toMatchObject({ target: 'mqtt://gateway:1883', duration: null });
      shards.push(`${options.shard.number}/${options.shard.count}`);
    }
    const count = Number(variables.ONRAMP_SHARDS ?? 1);
    expect(shards).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}/${count}`));
  });

  test('Prometheus scrapes the gateway with a token that it is given', () => {
    const { scrape_configs: jobs } = parseYaml(read('deploy/prometheus.yml'));
    expect(jobs).toHaveLength(1);
    expect(jobs[0].static_configs[0].targets).toEqual(['gateway:8080']);
    expect(jobs[0].metrics_path).toBe('/metrics');
    const { credentials_file: file } = jobs[0].authorization;
    expect(secretPaths(services.prometheus!)).toContain(file);
    expect(services.prometheus!.volumes).toContain(
      `./deploy/prometheus.yml:${services.prometheus!.command![0]!.split('=')[1]}:ro`,
    );
  });

  test('Grafana finds what is provisioned, and what that names', () => {
    const { datasources } = parseYaml(
      read('dashboards/grafana/provisioning/datasources/onramp.yaml'),
    );
    for (const { url } of datasources) expect(services).toHaveProperty(new URL(url).hostname);
    const { providers } = parseYaml(read('dashboards/grafana/provisioning/dashboards/onramp.yaml'));
    const mounts = services.grafana!.volumes!.map((volume) => volume.split(':')[1]);
    expect(mounts).toContain(providers[0].options.path);
    const token = /\$__file\{([^}]+)\}/.exec(JSON.stringify(datasources))![1];
    expect(secretPaths(services.grafana!)).toContain(token);
  });
});
