import { describe, expect, it } from 'vitest';
import { OnrampError } from '../../model/errors.ts';
import { simulationFlags, simulationOptions } from '../../simulator/options.ts';

const fleetKey = Buffer.alloc(32, 7);

function detailsOf(input: Record<string, unknown>, problems: string[] = []): readonly string[] {
  try {
    simulationOptions(input, problems);
  } catch (error) {
    expect(error).toBeInstanceOf(OnrampError);
    expect((error as OnrampError).code).toBe('config.invalid');
    return (error as OnrampError).details;
  }
  return [];
}

describe('simulationOptions', () => {
  it('needs nothing but the fleet key, and is frozen', () => {
    const options = simulationOptions({ fleetKey });
    expect(options).toMatchObject({
      target: 'mqtt://127.0.0.1:1883',
      dialect: 'native',
      devices: 1000,
      enterprises: 100,
      seed: 1,
      sensors: false,
      interval: 10_000,
      duration: 60_000,
      qos: 1,
      report: 'key',
      shard: { number: 1, count: 1 },
      processes: 1,
      publishFrom: 'session',
    });
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('reads what a command line gives', () => {
    const options = simulationOptions({
      fleetKey,
      target: 'mqtts://10.0.0.5:9999',
      allowHost: ['10.0.0.5'],
      devices: '12500',
      enterprises: '1250',
      interval: 'nominal',
      duration: 'forever',
      qos: '0',
      shard: '2/8',
      connectRate: '500',
      keepalive: '2m',
      sourceAddresses: ['10.0.0.6', '10.0.0.7'],
    });
    expect(options).toMatchObject({
      devices: 12_500,
      interval: null,
      duration: null,
      qos: 0,
      shard: { number: 2, count: 8 },
      connectRate: 500,
      keepalive: 120_000,
    });
    expect(simulationOptions({ fleetKey, spreadLoopback: true }).spreadLoopback).toBe(64);
    expect(simulationOptions({ fleetKey, spreadLoopback: '200' }).spreadLoopback).toBe(200);
    expect(simulationOptions({ fleetKey, processes: 'auto' }).processes).toBe('auto');
    expect(simulationOptions({ fleetKey, processes: '7' }).processes).toBe(7);
  });

  it('reports all mistakes at once, those of single fields and contradictions', () => {
    const details = detailsOf(
      {
        target: 'mqtt://10.0.0.5',
        devices: 'many',
        interval: '15ms',
        duration: '60',
        qos: '2',
        shard: '5/4',
        spreadLoopback: 'x',
        tlsInsecure: true,
        backoff: '10s',
        backoffMax: '1s',
        surprise: true,
      },
      ['--tls-ca: ENOENT'],
    );
    expect(details).toEqual([
      '--tls-ca: ENOENT',
      expect.stringMatching(/^--devices: must be a whole number/),
      expect.stringMatching(/^--shard: must be 1\/n to n\/n/),
      expect.stringMatching(/^--interval: must be a multiple of 10ms/),
      expect.stringMatching(/^--duration: must be a duration/),
      expect.stringMatching(/^--qos: must be a whole number from 0 to 1/),
      expect.stringMatching(/^--spread-loopback: /),
      expect.stringMatching(/surprise/),
      expect.stringMatching(/^--fleet-key: is needed/),
      expect.stringMatching(/^--target: 10.0.0.5 is not this machine; add --allow-host 10.0.0.5/),
      expect.stringMatching(/^--tls-insecure: is for a loopback target only/),
      expect.stringMatching(/^--target: TLS options need/),
      expect.stringMatching(/^--backoff-max: /),
    ]);
  });

  it.each([
    ['a host that is not this machine', { target: 'mqtt://192.168.1.2' }],
    ['a name that is not this machine', { target: 'mqtt://localhost.example.com' }],
    ['another allowed host', { target: 'mqtt://10.0.0.1', allowHost: ['10.0.0.2'] }],
    ['more enterprises than devices', { devices: 10, enterprises: 11 }],
    ['a keepalive that is not whole seconds', { keepalive: '1500ms' }],
    ['a short fleet key', { fleetKey: Buffer.alloc(15) }],
    ['a dialect nobody speaks', { dialect: 'klingon' }],
    ['loopback addresses of another machine', { target: 'mqtt://[::1]', spreadLoopback: 2 }],
    ['an interval of nothing', { interval: '0ms' }],
    ['no process at all', { processes: '0' }],
    ['a number of processes that is none', { processes: 'many' }],
    ['publishing from some other moment', { publishFrom: 'noon' }],
    ['a fraction of a device', { devices: '10.5' }],
    ['a fingerprint that is none', { target: 'mqtts://localhost', tlsFingerprint: 'ab:cd' }],
    ['source addresses that are none', { sourceAddresses: ['eth0'] }],
    ['another way on board than a claim', { onboard: 'magic' }],
    ['an API for devices that do not come on board', { api: 'http://h', apiTokenFile: 't' }],
    ['an API without a token', { onboard: 'claim', api: 'http://h' }],
    ['an API that is none', { onboard: 'claim', api: 'ftp://h', apiTokenFile: 't' }],
    ['an empty token', { onboard: 'claim', api: 'http://h', apiTokenFile: ' ' }],
    ['first rows at QoS 0', { onboard: 'claim', api: 'http://h', apiTokenFile: 't', qos: 0 }],
    ['registering nowhere', { onboard: 'claim', register: true }],
  ])('refuses %s', (_, input) => {
    expect(detailsOf({ fleetKey, ...input })).toHaveLength(1);
  });

  it('says what a number of processes may be', () => {
    expect(detailsOf({ fleetKey, processes: 'many' })).toEqual([
      '--processes: must be "auto" or a whole number from 1 to 256',
    ]);
  });

  it('needs no fleet key for devices that come back with their credentials', () => {
    expect(simulationOptions({ credentials: 'fleet.ndjson' }).fleetKey).toBeUndefined();
    expect(detailsOf({ credentials: 'fleet.ndjson', onboard: 'claim' })).toEqual([
      '--fleet-key: is needed',
    ]);
  });

  it('has help and, where there is one, a default for each flag', () => {
    const flags = simulationFlags();
    expect(flags.every(({ flag, help }) => flag.startsWith('--') && help.length > 5)).toBe(true);
    expect(flags).toContainEqual({
      name: 'interval',
      flag: '--interval <DURATION>',
      help: expect.stringContaining('(default: 10s)'),
    });
    expect(flags.map(({ flag }) => flag)).toContain('--spread-loopback [N]');
    expect(flags.map(({ flag }) => flag)).toContain('--sensors');
  });
});
