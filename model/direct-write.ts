/** Small frames, written to a TCP socket without the machinery of streams. */

import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';

/** No descriptor: writes go through the stream. */
export const noDescriptor = -1;

/**
 * The descriptor of a connected TCP socket, for `writeFrame`; `noDescriptor` for TLS and wherever
 * Node does not show it. Node has no public way to ask for it.
 */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: unknown } | null };
  const descriptor = 'encrypted' in socket ? undefined : handle?.fd;
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : noDescriptor;
}

/**
 * Writes `frame` after everything that was written to `socket`. The descriptor takes it at once
 * unless the receiver is slow; the stream, which costs half as much again as the system call
 * itself, gets what is left and the errors. `frame` must not change until it has been sent.
 */
export function writeFrame(socket: Socket, descriptor: number, frame: Buffer): void {
  // The descriptor of a destroyed socket may be another's already.
  if (descriptor === noDescriptor || socket.writableLength > 0 || !socket.writable) {
    socket.write(frame);
    return;
  }
  let written = 0;
  try {
    written = writeSync(descriptor, frame);
  } catch {
    // Nothing was written: the buffer is full, or the stream will meet the error again.
  }
  if (written < frame.length) socket.write(written === 0 ? frame : frame.subarray(written));
}
