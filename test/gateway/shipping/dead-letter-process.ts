/** A process that puts letters until it is killed. */

import { DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import { letter } from './letter.ts';

const [path, count] = process.argv.slice(2) as [string, string];
const letters = new DeadLetters(path);
process.send!('ready');
await letters.put(
  Array.from({ length: Number(count) }, (_, index) =>
    letter({ index, enterprise: `e${index % 7}` }),
  ),
);
setInterval(() => {}, 1000);
