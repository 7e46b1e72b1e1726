/**
 * A bound on the size of one inbound MQTT packet. aedes 1.2 has none: its parser collects a packet
 * of up to 256 MB before anybody is asked. The parser of mqtt-packet 9 learns the remaining length
 * first (`_parseLength`); refusing there costs nothing and keeps nothing.
 */

import type { Client } from 'aedes';
import { OnrampError } from '../model/errors.ts';

export interface PacketLimits {
  /** Before CONNACK, for the CONNECT and whatever follows it unasked. */
  readonly connectPacketBytesMax: number;
  readonly packetBytesMax: number;
}

/** The parts of mqtt-packet's parser that are touched; a test fails when an update moves them. */
interface Parser {
  packet: { length: number };
  client: Client & { connackSent: boolean };
  emit(event: 'error', error: Error): boolean;
  error: Error | null;
  _parseLength(): boolean;
}

/** Returns a function that bounds the packets of one client; call it when the client is created. */
export function packetLimiter(limits: PacketLimits): (client: Client) => void {
  function parseLength(this: Parser): boolean {
    const complete = (Object.getPrototypeOf(this) as Parser)._parseLength.call(this);
    const max = this.client.connackSent ? limits.packetBytesMax : limits.connectPacketBytesMax;
    if (complete && this.packet.length > max) {
      this.error = new OnrampError('packet.too-large', `${this.packet.length} of ${max} bytes`);
      this.emit('error', this.error);
      return false;
    }
    return complete;
  }
  return (client) => {
    const parser = (client as unknown as { _parser: Parser })._parser;
    if (typeof parser?._parseLength !== 'function') {
      throw new Error('mqtt-packet has changed: packets can no longer be bounded');
    }
    parser._parseLength = parseLength;
  };
}
