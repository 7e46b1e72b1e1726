/** Holds a lock until it is killed. Arguments: file, `exclusive` or `shared`. */

import { lockShared, tryLockExclusive } from '../../../gateway/data-folder/data-lock.ts';

const [path = '', kind = ''] = process.argv.slice(2);

// Nobody keeps the lock: it must be held all the same.
function hold(): boolean {
  return kind === 'shared' ? lockShared(path) !== null : tryLockExclusive(path) !== null;
}

const held = hold();
globalThis.gc?.();
process.stdout.write(held ? 'held\n' : 'busy\n');
setInterval(() => globalThis.gc?.(), 10);
