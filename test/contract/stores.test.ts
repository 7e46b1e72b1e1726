/**
 * What every store promises (gateway/stores/store.ts), over every store: InfluxDB 1.6.7 and
 * VictoriaMetrics 1.79.5 themselves, the embedded one in a folder, the one in memory. VictoriaMetrics
 * keeps numbers only: a text is an enumeration's or is left out (test/services/victoriametrics.test.ts).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createStore, type StoreSettings, storeSettings } from '../../gateway/stores/index.ts';
import type { Store, WriteResult } from '../../gateway/stores/store.ts';
import { systemClock } from '../../model/clock.ts';
import { encodeField, encodeLine, seriesPrefix, splitLines } from '../../model/line-protocol.ts';
import type { SignalValue } from '../../model/reading.ts';
import { cnc, removeServers, startServers, storeKinds } from './store-kinds.ts';

const startMs = 1_795_516_600_000;
let folder = '';
let database = 0;

beforeAll(startServers);
afterAll(removeServers);

type Fields = Readonly<Record<string, SignalValue>>;

function reading(device: string, timestampMs: number, fields: Fields, profile = 'cnc'): string {
  const [enterprise = '', id = ''] = device.split('.');
  const prefix = seriesPrefix(profile, {
    enterprise,
    device: id,
    district: 'wujin',
    industry: '34',
  });
  return encodeLine(prefix, encodeFields({ ...fields, quality: 192 }), timestampMs);
}

function genericRow(device: string, signal: string, timestampMs: number, fields: Fields): string {
  const [enterprise = '', id = ''] = device.split('.');
  const prefix = seriesPrefix('generic', { enterprise, device: id, signal });
  return encodeLine(prefix, encodeFields({ ...fields, quality: 192 }), timestampMs);
}

const encodeFields = (fields: Fields): string =>
  Object.entries(fields)
    .map(([key, value]) => encodeField(key, value))
    .join(',');

/** The lines that are never accepted, as far as the store can tell. */
async function writeAll(store: Store, text: string): Promise<WriteResult> {
  const lines = Buffer.from(text);
  return store.write({ lines, lineCount: splitLines(lines).length });
}

async function expectStored(store: Store, ...lines: string[]): Promise<void> {
  expect(await writeAll(store, lines.join(''))).toEqual({ status: 'stored' });
}

/** As the shipper does: what is refused as a whole is offered line by line. */
async function badLines(store: Store, lines: string[]): Promise<number[]> {
  const result = await writeAll(store, lines.join(''));
  if (result.status === 'stored') return [];
  if (result.status === 'rejected') return result.lines.map(({ index }) => index);
  expect(result.status).toBe('refused');
  const bad: number[] = [];
  for (const [index, line] of lines.entries()) {
    const single = await writeAll(store, line);
    if (single.status !== 'stored') bad.push(index);
  }
  return bad;
}

const everything = { fromMs: 0, toMs: startMs + 1e9 };
const machine = { enterprise: 'e1', device: 'd1', profile: 'cnc', limit: 100 };

describe.each(storeKinds)('$name', ({ numbersOnly = false, skip, survivesRestart, settings }) => {
  describe.skipIf(skip)('promises', () => {
    let store: Store;

    async function open(): Promise<Store> {
      const parsed: StoreSettings = storeSettings.parse(settings(`contract${database}`));
      const logger = { info: () => {}, warn: () => {}, error: () => {} };
      const opened = await createStore(parsed, {
        clock: systemClock,
        dataFolder: folder,
        logger,
        profile: async (id) => (id === cnc.id ? cnc : null),
      });
      await opened.start();
      return opened;
    }

    beforeEach(async () => {
      database += 1;
      folder = await mkdtemp(join(tmpdir(), 'onramp-store-'));
      store = await open();
    });
    afterEach(async () => {
      await store.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('what is stored is read back, newest first', async () => {
      await expectStored(
        store,
        reading('e1.d1', startMs, { power: 1.5, on: true, state: 'run', seq: 1 }),
        reading('e1.d1', startMs + 1, { power: 2, on: false, state: 'idle', seq: 2 }),
        reading('e1.d2', startMs, { power: 9 }),
        reading('e2.d1', startMs, { power: 8 }),
      );
      expect(await store.readings(machine)).toEqual([
        {
          timestampMs: startMs + 1,
          seq: 2,
          values: { power: 2, on: false, state: 'idle' },
        },
        { timestampMs: startMs, seq: 1, values: { power: 1.5, on: true, state: 'run' } },
      ]);
      expect(await store.readings({ ...machine, limit: 1 })).toHaveLength(1);
      const window = { ...machine, fromMs: startMs, toMs: startMs + 1 };
      expect((await store.readings(window)).map(({ seq }) => seq)).toEqual([1]);
      expect(await store.readings({ ...machine, device: 'd9' })).toEqual([]);
      expect(await store.readings({ ...machine, profile: 'nothing' })).toEqual([]);
      const other = await store.readings({ ...machine, device: 'd2' });
      expect(other).toEqual([{ timestampMs: startMs, seq: null, values: { power: 9 } }]);
    });

    test('a row written again is one row, within a batch and across batches', async () => {
      const first = reading('e1.d1', startMs, { power: 1, seq: 1 });
      const second = reading('e1.d1', startMs + 5, { power: 2, seq: 2 });
      await expectStored(store, first, first);
      await expectStored(store, second, first, second);
      await expectStored(store, first);
      expect(await store.readings(machine)).toHaveLength(2);
      expect(await store.totals(0)).toEqual({ enterprises: 1, devices: 1, rows: 2 });
    });

    test('a row written again adds the fields it lacked, as a replayed field does', async () => {
      await expectStored(store, reading('e1.d1', startMs, { power: 1, seq: 1 }));
      await expectStored(store, reading('e1.d2', startMs, { power: 5, seq: 7 }));
      await expectStored(store, reading('e1.d1', startMs, { temperature: 40, seq: 1 }));
      await expectStored(store, reading('e1.d1', startMs + 1, { power: 2, seq: 2 }));
      expect(await store.readings(machine)).toEqual([
        { timestampMs: startMs + 1, seq: 2, values: { power: 2 } },
        { timestampMs: startMs, seq: 1, values: { power: 1, temperature: 40 } },
      ]);
      const other = await store.readings({ ...machine, device: 'd2' });
      expect(other).toEqual([{ timestampMs: startMs, seq: 7, values: { power: 5 } }]);
    });

    test('two devices in the same millisecond are two rows', async () => {
      await expectStored(
        store,
        reading('e1.d1', startMs, { power: 1 }),
        reading('e1.d2', startMs, { power: 1 }),
        reading('e2.d1', startMs, { power: 1 }),
      );
      expect(await store.totals(0)).toEqual({ enterprises: 2, devices: 3, rows: 3 });
    });

    test('a device that catches up, older than what is there', async () => {
      await expectStored(store, reading('e1.d1', startMs, { power: 3, seq: 3 }));
      const dayMs = 86_400_000;
      const old = [1, 2].map((seq) =>
        reading('e1.d1', startMs - (3 - seq) * dayMs, { power: seq, seq }),
      );
      await expectStored(store, ...old);
      await expectStored(store, ...old);
      expect((await store.readings(machine)).map(({ seq }) => seq)).toEqual([3, 2, 1]);
    });

    test('a field of another type is given up, the rest is stored', async () => {
      await expectStored(store, reading('e1.d1', startMs, { power: 1, seq: 1 }));
      const lines = [
        reading('e1.d1', startMs + 1, { power: 2, seq: 2 }),
        reading('e1.d1', startMs + 2, { power: 'much', seq: 3 }),
        reading('e1.d1', startMs + 3, { power: true, seq: 4 }),
        reading('e1.d1', startMs + 4, { power: 5, extra: 'new', seq: 5 }),
      ];
      expect(await badLines(store, lines)).toEqual([1, 2]);
      const seqs = (await store.readings(machine)).map(({ seq }) => seq);
      expect(seqs).toEqual([5, 2, 1]);
    });

    test('garbage is given up, the good lines are stored', async () => {
      const lines = [
        reading('e1.d1', startMs, { seq: 1 }),
        'garbage\n',
        'cnc,device=d1 power= 1\n',
        reading('e1.d1', startMs + 1, { seq: 2 }),
        'cnc,device=d1 power="unclosed 1\n',
        reading('e1.d1', startMs + 2, { seq: 3 }),
      ];
      expect(await badLines(store, lines)).toEqual([1, 2, 4]);
      expect((await store.readings(machine)).map(({ seq }) => seq)).toEqual([3, 2, 1]);
    });

    test.skipIf(numbersOnly)(
      'texts and names survive: quotes, commas, backslashes, any script',
      async () => {
        const texts = [
          'plain',
          '',
          'quoted "text", with = and \\ and \\" and \\\\',
          'ends in a backslash \\',
          "it's; DROP TABLE cnc; --",
          '常州 设备上云 😀 ünï',
          ' leading and trailing ',
          '$1 %s {0} \\n',
        ];
        await expectStored(
          store,
          ...texts.map((text, n) => reading('e1.d1', startMs + n, { text, seq: n })),
        );
        const read = await store.readings({ ...machine, limit: 100 });
        expect(read.map(({ values }) => values.text).reverse()).toEqual(texts);
      },
    );

    test('names that differ in case, or hold SQL, are kept apart', async () => {
      const plain = { Power: 1, power: 0.5, POWER: true, 'a b,c=d': 3 };
      const fields: Fields = numbersOnly ? plain : { ...plain, power: 'a', 'x"; DROP': 2 };
      await expectStored(store, reading('e1.d1', startMs, fields));
      await expectStored(store, reading('e1.d1', startMs + 1, fields, 'CNC'));
      expect((await store.readings(machine))[0]?.values).toEqual(fields);
      expect(await store.readings({ ...machine, profile: 'CNC' })).toHaveLength(1);
      const quoted = { ...machine, device: "d1' OR '1'='1" };
      expect(await store.readings(quoted)).toEqual([]);
    });

    test('the signals of a generic machine are one reading a moment', async () => {
      await expectStored(
        store,
        genericRow('e1.d1', 'force', startMs, { num: 12.5, seq: 1 }),
        genericRow('e1.d1', 'mode', startMs, { text: 'auto', seq: 1 }),
        genericRow('e1.d1', 'force', startMs + 1, { num: 13, seq: 2 }),
        genericRow('e1.d2', 'force', startMs, { num: 1, seq: 1 }),
      );
      const query = { ...machine, profile: 'generic' };
      const newest = { timestampMs: startMs + 1, seq: 2, values: { force: 13 } };
      const oldest = {
        timestampMs: startMs,
        seq: 1,
        values: { force: 12.5, ...(numbersOnly ? {} : { mode: 'auto' }) },
      };
      expect(await store.readings(query)).toEqual([newest, oldest]);
      expect(await store.readings({ ...query, limit: 1 })).toEqual([newest]);
    });

    test('alarms are rows of their own, two of a moment kept apart', async () => {
      const alarm = (code: string, state: string, ms: number): string =>
        encodeLine(
          seriesPrefix('event', { code, device: 'd1', enterprise: 'e1', district: 'x', state }),
          encodeFields({ severity: 2, quality: 192 }),
          ms,
        );
      await expectStored(
        store,
        alarm('OVER_TEMP', 'raised', startMs),
        alarm('DOOR', 'raised', startMs),
        alarm('OVER_TEMP', 'cleared', startMs),
        alarm('OVER_TEMP', 'cleared', startMs + 1),
      );
      const events = await store.readings({ ...machine, profile: 'event' });
      expect(events).toHaveLength(4);
      expect(events[0]).toEqual({
        timestampMs: startMs + 1,
        seq: null,
        values: { code: 'OVER_TEMP', severity: 2, state: 'cleared' },
      });
      expect(events.slice(1).map(({ values }) => values.code)).toEqual(
        expect.arrayContaining(['DOOR', 'OVER_TEMP']),
      );
    });

    test('totals count readings since a moment; generic only as devices, events not', async () => {
      await expectStored(
        store,
        reading('e1.d1', startMs, { power: 1 }),
        reading('e1.d1', startMs + 10, { power: 1 }),
        reading('e1.d2', startMs, { power: 1 }, 'robot'),
        genericRow('e2.d7', 'force', startMs + 10, { num: 1 }),
        genericRow('e2.d7', 'speed', startMs + 10, { num: 1 }),
        encodeLine(
          seriesPrefix('event', { code: 'X', device: 'd8', enterprise: 'e3' }),
          encodeFields({ severity: 1, quality: 192 }),
          startMs + 10,
        ),
      );
      expect(await store.totals(0)).toEqual({ enterprises: 2, devices: 3, rows: 3 });
      expect(await store.totals(startMs + 1)).toEqual({ enterprises: 2, devices: 2, rows: 1 });
      expect(await store.totals(startMs + 1000)).toEqual({ enterprises: 0, devices: 0, rows: 0 });
    });

    test('the ledger counts rows and distinct seq per device, in its window', async () => {
      await expectStored(
        store,
        reading('e1.d1', startMs - 1, { seq: 6 }),
        reading('e1.d1', startMs, { seq: 7 }),
        reading('e1.d1', startMs + 1, { seq: 8 }),
        reading('e1.d1', startMs + 2, { seq: 8 }),
        reading('e1.d1', startMs + 3, { seq: 11 }),
        reading('e1.d1', startMs + 4, { power: 1 }),
        reading('e2.d1', startMs + 1, { seq: 1 }),
        reading('e1.d2', startMs + 9, { seq: 1 }),
        reading('e1.d3', startMs, { power: 1 }),
        reading('e1.d1', startMs, { seq: 99 }, 'robot'),
      );
      const query = { profile: 'cnc', fromMs: startMs, toMs: startMs + 9 };
      const ledger = await store.ledger(query);
      expect(ledger).toHaveLength(2);
      expect(ledger).toEqual(
        expect.arrayContaining([
          { enterprise: 'e1', device: 'd1', rows: 4, distinctSeq: 3, seqMin: 7, seqMax: 11 },
          { enterprise: 'e2', device: 'd1', rows: 1, distinctSeq: 1, seqMin: 1, seqMax: 1 },
        ]),
      );
      expect(await store.ledger({ ...everything, profile: 'nothing' })).toEqual([]);
    });

    test('a batch of 20,000 lines of several profiles, offered twice', async () => {
      const lines: string[] = [];
      for (let n = 0; n < 20_000; n++) {
        const device = `e${n % 50}.d${n % 500}`;
        lines.push(reading(device, startMs + n, { power: n / 8, seq: n }, `profile-${n % 4}`));
      }
      await expectStored(store, ...lines);
      await expectStored(store, ...lines);
      expect(await store.totals(0)).toEqual({ enterprises: 50, devices: 500, rows: 20_000 });
      const ledger = await store.ledger({ ...everything, profile: 'profile-1' });
      expect(ledger).toHaveLength(125);
      expect(ledger.every(({ rows, distinctSeq }) => rows === 40 && distinctSeq === 40)).toBe(true);
    });

    test.skipIf(numbersOnly)('rows older than a moment can be removed', async () => {
      await expectStored(
        store,
        reading('e1.d1', startMs, { seq: 1 }),
        reading('e1.d1', startMs + 1000, { seq: 2 }),
        reading('e1.d1', startMs, { seq: 1 }, 'robot'),
      );
      await store.prune(startMs + 1000);
      expect((await store.readings(machine)).map(({ seq }) => seq)).toEqual([2]);
      expect(await store.totals(0)).toEqual({ enterprises: 1, devices: 1, rows: 1 });
      await expectStored(store, reading('e1.d1', startMs, { seq: 1 }));
      expect(await store.readings(machine)).toHaveLength(2);
    });

    test.skipIf(!survivesRestart)('rows, types and identities survive a restart', async () => {
      const line = reading('e1.d1', startMs, { power: 1, seq: 1 });
      await expectStored(store, line);
      await store.stop();
      store = await open();
      const conflict = reading('e1.d1', startMs + 1, { power: 'x', seq: 2 });
      const more = reading('e1.d1', startMs + 2, { power: 2, seq: 3, added: true });
      expect(await badLines(store, [line, conflict, more, line])).toEqual([1]);
      expect((await store.readings(machine)).map(({ seq }) => seq)).toEqual([3, 1]);
    });
  });
});
