/**
 * Appends commits to a new generation on the real disk until it is killed; prints the number of
 * each once it is acknowledged. Arguments: data folder, generation, first number.
 */

import { join } from 'node:path';
import { nodeFiles } from '../../../../gateway/journal/files.ts';
import { JournalWriter } from '../../../../gateway/journal/writer.ts';
import { commitOf } from '../commits.ts';

const [data = '', generation = '', first = ''] = process.argv.slice(2);
const writer = await JournalWriter.create({
  folder: join(data, 'journal'),
  generation,
  segmentBytesMax: 20_000,
  files: nodeFiles,
});
for (let id = Number(first); ; id++) {
  await writer.append(commitOf(id));
  process.stdout.write(`${id}\n`);
}
