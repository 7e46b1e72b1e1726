/** Where the fleet connects to: an MQTT URL, how TLS is checked, how connections are spread. */

import { lookup } from 'node:dns/promises';
import { BlockList, connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { loopbackAddress } from '../../model/loopback.ts';

export interface TargetOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`; the ports are the defaults. */
  readonly url: string;
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** SHA-256 of the server's certificate, hexadecimal, colons optional; replaces authorities. */
  readonly fingerprint?: string | undefined;
  /** Checks nothing about the server; refused unless the target is loopback. */
  readonly insecure?: boolean | undefined;
  /** Connect to 127.0.0.1 and this many addresses up in turn; only for a loopback target. */
  readonly loopbackAddresses?: number | undefined;
  /** Local addresses to connect from in turn; binding one makes connecting slower. */
  readonly sourceAddresses?: readonly string[] | undefined;
}

/** The parts of an MQTT URL. `host` has no brackets around an IPv6 address. */
export interface TargetAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for `localhost` and every loopback address. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** The parts of `url`; null when it is not `mqtt://` or `mqtts://` with a host and nothing else. */
export function parseTarget(url: string): TargetAddress | null {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'mqtt:' && parsed.protocol !== 'mqtts:')) return null;
  const surplus = parsed.username + parsed.password + parsed.search + parsed.hash;
  if (parsed.hostname === '' || surplus !== '' || !['', '/'].includes(parsed.pathname)) return null;
  const tls = parsed.protocol === 'mqtts:';
  const port = parsed.port === '' ? (tls ? 8883 : 1883) : Number(parsed.port);
  return { tls, host: parsed.hostname.replace(/^\[|\]$/g, ''), port };
}

/** Resolves names once, so that opening thousands of connections asks no resolver. */
export async function resolveTarget(options: TargetOptions): Promise<Target> {
  const address = parseTarget(options.url);
  if (address === null) {
    throw new OnrampError('config.invalid', `target: not an MQTT URL: ${options.url}`);
  }
  if (options.insecure && !isLoopback(address.host)) {
    throw new OnrampError('config.invalid', 'tls: insecure is for a loopback target only');
  }
  return new Target(address, await resolve(address.host, options), options);
}

async function resolve(host: string, options: TargetOptions): Promise<string[]> {
  if (options.loopbackAddresses !== undefined) {
    if (!isLoopback(host) || isIP(host) === 6) {
      throw new OnrampError('config.invalid', 'spread-loopback: the target is not 127.0.0.1');
    }
    return Array.from({ length: options.loopbackAddresses }, (_, i) => loopbackAddress(i + 1));
  }
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookup(host, { all: true, order: 'ipv4first' });
    const family = found[0]?.family;
    return found.filter((entry) => entry.family === family).map((entry) => entry.address);
  } catch (error) {
    throw new OnrampError('simulate.target-unreachable', messageOf(error), error);
  }
}

/** A resolved target that opens sockets. */
export class Target {
  readonly tls: boolean;
  readonly #addresses: readonly string[];
  readonly #sources: readonly string[];
  readonly #port: number;
  readonly #host: string;
  readonly #context: SecureContext | null;
  readonly #fingerprint: string | null;
  readonly #verifies: boolean;

  constructor(address: TargetAddress, addresses: readonly string[], options: TargetOptions) {
    this.tls = address.tls;
    this.#host = address.host;
    this.#port = address.port;
    this.#addresses = addresses;
    this.#sources = options.sourceAddresses ?? [];
    this.#fingerprint = options.fingerprint ? bareFingerprint(options.fingerprint) : null;
    this.#verifies = this.#fingerprint === null && !options.insecure;
    this.#context = address.tls
      ? createSecureContext(options.ca === undefined ? {} : { ca: options.ca })
      : null;
  }

  /** Begins to open the connection number `index`; incoming bytes go to `onread`. */
  open(index: number, onread: OnReadOpts): Socket {
    const sources = this.#sources;
    const endpoint = {
      host: this.#addresses[index % this.#addresses.length]!,
      port: this.#port,
      noDelay: true,
      onread,
      ...(sources.length > 0 && { localAddress: sources[index % sources.length]! }),
    };
    if (this.#context === null) return connectTcp(endpoint);
    return connectTls({
      ...endpoint,
      secureContext: this.#context,
      rejectUnauthorized: this.#verifies,
      checkServerIdentity: this.#checkIdentity,
      ...(isIP(this.#host) === 0 && { servername: this.#host }),
    });
  }

  /** After the handshake: false when the server's certificate is not the pinned one. */
  accepts(socket: Socket): boolean {
    if (this.#fingerprint === null) return true;
    const certificate = (socket as TLSSocket).getPeerX509Certificate();
    return (
      certificate !== undefined && bareFingerprint(certificate.fingerprint256) === this.#fingerprint
    );
  }

  /** The certificate must name the host of the URL, whatever address was dialled. */
  readonly #checkIdentity: typeof checkServerIdentity = (_dialled, certificate) =>
    checkServerIdentity(this.#host, certificate);
}

function bareFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
