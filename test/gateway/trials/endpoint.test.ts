/** The address on a connection card: one that works from where the card is used, or a note that says so. */

import { describe, expect, it } from 'vitest';
import {
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import { tlsIdentity } from '../../../gateway/data-folder/tls-identity.ts';
import { endpointOf, type Listening, lanAddress } from '../../../gateway/trials/endpoint.ts';
import { trustAnchorOf } from '../../../gateway/trials/trust-anchor.ts';
import { systemClock } from '../../../model/clock.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const broker = {
  access: 'authenticated',
  port: 0,
  tlsPort: 0,
  sessionsMax: 10,
  loopbackAddresses: 1,
} as const;

const listening = (change: Partial<Listening>): Listening => ({
  settings: { lan: false, publicUrl: undefined },
  mqttPort: 1883,
  mqttTlsPort: null,
  httpPort: 8080,
  tls: null,
  lanAddress: '10.0.0.5',
  ...change,
});

const identity = (publicUrl?: string) =>
  tlsIdentity(broker, {
    folder: temporaryFolder(),
    clock: systemClock,
    publicUrl,
    log: { warn() {} },
  });

describe('the endpoint', () => {
  it.each([
    ['loopback', false, undefined, '10.0.0.5', '127.0.0.1', 'http://127.0.0.1:8080', /--lan/],
    ['a network', true, undefined, '10.0.0.5', '10.0.0.5', 'http://10.0.0.5:8080', null],
    ['no network', true, undefined, null, '127.0.0.1', 'http://127.0.0.1:8080', /no address/],
    [
      ...['a public name', true, 'https://onramp.example.com/', '10.0.0.5'],
      ...['onramp.example.com', 'https://onramp.example.com', null],
    ],
    [
      ...['a proxy', false, 'https://onramp.example.com/x/', '10.0.0.5'],
      ...['onramp.example.com', 'https://onramp.example.com/x', /passes it on to port 1883/],
    ],
    ['IPv6', true, 'http://[2001:db8::1]:80', null, '2001:db8::1', 'http://[2001:db8::1]:80', null],
    ['here', true, 'http://localhost:1', null, 'localhost', 'http://localhost:1', /only on the ma/],
  ] as [string, boolean, string | undefined, string | null, string, string, RegExp | null][])(
    '%s',
    (_case, lan, publicUrl, address, host, apiUrl, note) => {
      const endpoint = endpointOf(listening({ settings: { lan, publicUrl }, lanAddress: address }));
      expect(endpoint.mqtt).toEqual({ host, port: 1883, tlsPort: null, tls: null });
      expect(endpoint.apiUrl).toBe(apiUrl);
      expect(endpoint.notes).toHaveLength(note === null ? 0 : 1);
      if (note === null) return;
      expect(endpoint.notes[0]!.en).toMatch(note);
      expect(endpoint.notes[0]!.zh).toMatch(/[\u4e00-\u9fff].*。$/);
    },
  );

  it('brings what a client has to trust, and says when the certificate does not name the host', async () => {
    const settings = { lan: true, publicUrl: 'http://onramp.example.com:8080' };
    const own = await identity(settings.publicUrl);
    const named = endpointOf(listening({ settings, mqttTlsPort: 8883, tls: own }));
    expect(named.mqtt).toMatchObject({ tlsPort: 8883, tls: { fingerprint: own.fingerprint } });
    expect(named.mqtt.tls?.ca?.trim()).toBe(own.cert.trim());
    expect(named.notes).toEqual([]);
    const moved = { lan: true, publicUrl: 'http://other.example.com' };
    const { notes } = endpointOf(listening({ settings: moved, mqttTlsPort: 8883, tls: own }));
    expect(notes.map(({ en }) => en)).toEqual([
      expect.stringContaining('does not name other.example.com'),
    ]);
    expect(endpointOf(listening({ settings: moved, tls: own })).mqtt.tls).toBeNull();
  });
});

describe('the trust anchor', () => {
  it('is the self-signed certificate a chain ends with', async () => {
    const [leaf, root] = [(await identity()).cert, (await identity()).cert];
    expect(trustAnchorOf(leaf)?.trim()).toBe(leaf.trim());
    expect(trustAnchorOf(`${leaf}\n${root}`)?.trim()).toBe(root.trim());
    expect(trustAnchorOf('no certificate')).toBeNull();
  });

  it('is unknown of a certificate that comes without its issuer', async () => {
    const validity = { notBeforeMs: systemClock.nowMs(), days: 1 };
    const device = { enterprise: 'acme', device: 'press-1' };
    const ca = await createDevelopmentCa('acme', validity);
    const { certificate } = await signDeviceCertificate(ca, device, validity);
    expect(trustAnchorOf(certificate)).toBeNull();
    expect(trustAnchorOf(certificate + ca.certificate)?.trim()).toBe(ca.certificate.trim());
  });
});

describe('the address on a network', () => {
  const at = (address: string, internal = false, family: 'IPv4' | 'IPv6' = 'IPv4') => ({
    ...{ address, internal, family, netmask: '', mac: '', cidr: null },
    ...(family === 'IPv6' && { scopeid: 0 }),
  });
  const interfaces = {
    lo: [at('127.0.0.1', true)],
    docker0: [at('172.17.0.1')],
    eth0: [at('fd00::2', false, 'IPv6'), at('10.0.0.5')],
  } as NonNullable<Parameters<typeof lanAddress>[0]>;
  const routes = 'Iface\tDestination\tGateway\neth0\t00000000\t0101A8C0\ndocker0\t000011AC\t0\n';

  it('is that of the default route, else the first', () => {
    expect(lanAddress(interfaces, () => routes)).toBe('10.0.0.5');
    expect(lanAddress(interfaces, () => '')).toBe('172.17.0.1');
    expect(lanAddress({ lo: interfaces.lo! }, () => routes)).toBeNull();
  });
});
