/** A process beside the tests: reads a registry, or imports into one until it is killed. */

import { openReader, openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { systemClock } from '../../../model/clock.ts';

const sealKey = Buffer.alloc(32, 1);
const [role, path, rows] = process.argv.slice(2) as [string, string, string];

async function* endingWith(count: number, end: () => Promise<void>) {
  for (let i = 1; i <= count; i++) {
    yield { row: i, enterprise: 'acme', device: `d${i}`, profile: 'generic' };
  }
  await end();
}

if (role === 'reader') {
  const reader = openReader(path, sealKey);
  process.on('message', async ([enterprise, device]: [string, string]) => {
    process.send!((await reader.device(enterprise, device)) !== null);
  });
  process.send!('ready');
}

if (role === 'hang' || role === 'merge') {
  const registry = openRegistry({ path, clock: systemClock, sealKey });
  const end = async () => {
    process.send!('staged');
    if (role === 'hang') await new Promise(() => {});
  };
  await registry.importDevices(endingWith(Number(rows), end));
  process.send!('merged');
}
