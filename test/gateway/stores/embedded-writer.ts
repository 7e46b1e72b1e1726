/** A process that writes to the embedded store until it is killed; prints each batch it stored. */

import { createStore, storeSettings } from '../../../gateway/stores/index.ts';
import { systemClock } from '../../../model/clock.ts';

const [dataFolder = '', first = '0'] = process.argv.slice(2);
const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const settings = storeSettings.parse({ kind: 'embedded', memoryLimit: '300MB' });
const store = await createStore(settings, { clock: systemClock, dataFolder, logger: quiet });
await store.start();
for (let batch = Number(first); ; batch++) {
  let text = '';
  for (let row = 0; row < 500; row++) {
    const seq = batch * 500 + row;
    text += `m${row % 3},device=d${row % 50},enterprise=e1 seq=${seq},quality=192,b${batch}=1 ${seq}\n`;
  }
  const result = await store.write({ lines: Buffer.from(text), lineCount: 500 });
  if (result.status !== 'stored') throw new Error(JSON.stringify(result));
  process.stdout.write(`${batch}\n`);
}
