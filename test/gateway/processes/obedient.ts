/** A process that does what its first message says, as one of the gateway's own might. */

export interface Greeting {
  readonly type: 'start';
  /** `deaf`: becomes ready and does not stop when it is told to. */
  readonly as: 'good' | 'deaf' | 'failing';
}

export type Said =
  | { readonly type: 'ready'; readonly address: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'other' };

let deaf = false;

function say(said: Said, then = () => {}): void {
  process.send?.(said, then);
}

process.on('message', (message: Greeting | { readonly type: 'stop' }) => {
  if (message.type === 'stop') {
    if (!deaf) process.disconnect?.();
  } else if (message.as === 'failing') {
    say({ type: 'failed', message: 'the port is taken' }, () => process.exit(1));
  } else {
    deaf = message.as === 'deaf';
    say({ type: 'ready', address: process.pid });
  }
});
