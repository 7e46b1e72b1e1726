/** The address at which devices and people reach this gateway, and what is to be known of it. */

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopbackName } from '../api/access.ts';
import type { GatewaySettings } from '../config.ts';
import { hostOfUrl, namesHost, type TlsIdentity } from '../data-folder/tls-identity.ts';
import type { BothLanguages } from '../device-events/event-phrases.ts';
import { trustAnchorOf } from './trust-anchor.ts';

/** Where MQTT 3.1.1 is spoken. */
export interface MqttAddress {
  readonly host: string;
  readonly port: number;
  /** Null when there is no TLS listener. */
  readonly tlsPort: number | null;
  readonly tls: {
    /** SHA-256 of the certificate. */
    readonly fingerprint: string;
    /** PEM that a client has to trust; null when its system trusts the certificate already. */
    readonly ca: string | null;
  } | null;
}

export interface Endpoint {
  readonly mqtt: MqttAddress;
  /** Of the HTTP API, without a slash at its end. */
  readonly apiUrl: string;
  readonly notes: readonly BothLanguages[];
}

/** What a running gateway knows of its listeners. */
export interface Listening {
  readonly settings: Pick<GatewaySettings, 'lan' | 'publicUrl'>;
  readonly mqttPort: number;
  readonly mqttTlsPort: number | null;
  readonly httpPort: number;
  readonly tls: TlsIdentity | null;
  /** An address of this machine on a network; null when it has none. */
  readonly lanAddress: string | null;
}

const loopback = '127.0.0.1';

/** The host is that of `publicUrl`; else, with `lan`, this machine's address; else loopback. */
export function endpointOf(listening: Listening): Endpoint {
  const { httpPort, lanAddress, mqttPort, mqttTlsPort, settings, tls } = listening;
  const { lan, publicUrl } = settings;
  const host =
    publicUrl === undefined ? ((lan ? lanAddress : null) ?? loopback) : hostOfUrl(publicUrl);
  const encrypted = mqttTlsPort === null ? null : tls;
  return {
    mqtt: {
      host,
      port: mqttPort,
      tlsPort: mqttTlsPort,
      tls: encrypted && { fingerprint: encrypted.fingerprint, ca: trustAnchorOf(encrypted.cert) },
    },
    apiUrl: publicUrl?.replace(/\/+$/, '') ?? `http://${host}:${httpPort}`,
    notes: [
      ...reachNotes(host, listening),
      ...(encrypted !== null && !namesHost(encrypted.cert, host) ? [unnamed(host)] : []),
    ],
  };
}

function reachNotes(host: string, { lanAddress, mqttPort, settings }: Listening): BothLanguages[] {
  if (isLoopbackName(host) || host === '::1') {
    if (settings.lan && settings.publicUrl === undefined && lanAddress === null) {
      return [noNetwork];
    }
    return [onlyHere];
  }
  return settings.lan ? [] : [passedOn(host, mqttPort)];
}

const onlyHere: BothLanguages = {
  en: 'This address works only on the machine that the gateway runs on. For other machines start the gateway with --lan, or say with --public-url how they reach it.',
  zh: '此地址只能在网关所在的机器上使用。若要从其他机器接入,请用 --lan 启动网关,或用 --public-url 指定其对外地址。',
};

const noNetwork: BothLanguages = {
  en: 'This machine has no address on a network. Connect it, or say with --public-url how others reach it.',
  zh: '本机没有网络地址。请接入网络,或用 --public-url 指定对外地址。',
};

function passedOn(host: string, mqttPort: number): BothLanguages {
  return {
    en: `The gateway listens on loopback only: MQTT at ${host} works when something passes it on to port ${mqttPort} of this machine. Otherwise start the gateway with --lan.`,
    zh: `网关仅监听回环地址:只有将 ${host} 的 MQTT 转发到本机 ${mqttPort} 端口才能接入,否则请用 --lan 启动网关。`,
  };
}

function unnamed(host: string): BothLanguages {
  return {
    en: `The TLS certificate does not name ${host}: a client that checks names refuses it. Use a certificate that does; the gateway makes its own one anew when tls/cert.pem in its data folder is removed.`,
    zh: `TLS 证书不包含 ${host}:校验名称的客户端会拒绝。请更换证书;删除数据目录中的 tls/cert.pem 后,网关会重新生成自签名证书。`,
  };
}

/**
 * This machine's IPv4 address on a network, that of the default route's interface before others;
 * null when it has none.
 */
export function lanAddress(
  interfaces = networkInterfaces(),
  routes: () => string = linuxRoutes,
): string | null {
  const first = defaultInterface(routes());
  const names = Object.keys(interfaces).sort((a, b) => Number(b === first) - Number(a === first));
  const addresses = names.flatMap((name) => interfaces[name] ?? []);
  return addresses.find(({ address, internal }) => !internal && isIPv4(address))?.address ?? null;
}

/** The kernel's routes (proc(5), /proc/net/route); empty on systems that have no such file. */
function linuxRoutes(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return '';
  }
}

function defaultInterface(routes: string): string | null {
  const lines = routes.split('\n').map((line) => line.split('\t'));
  return lines.find(([, destination]) => destination === '00000000')?.[0] ?? null;
}
