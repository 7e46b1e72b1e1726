import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DecodedText,
  type TextEncoding,
} from '../../../../gateway/registry/imports/import-encoding.ts';
import {
  readDevicesCsv,
  readDevicesJson,
  writeDevicesCsv,
  writeDevicesJson,
} from '../../../../gateway/registry/imports/import-format.ts';
import type { DirectoryEntry, ImportRow, RowError } from '../../../../gateway/registry/registry.ts';
import { deviceStates } from '../../../../model/device.ts';
import { limits } from '../../../../model/limits.ts';
import { failureOf, openEmpty } from '../open.ts';

type Item = ImportRow | RowError;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Without what is undefined, for comparing. */
const bare = (items: readonly Item[]) => JSON.parse(JSON.stringify(items)) as unknown[];
const csv = (text: string | Buffer) => collect(readDevicesCsv([Buffer.from(text as string)]));
const json = (text: string) => collect(readDevicesJson([Buffer.from(text)]));

/** `bytes` cut at the given places. */
function* cut(bytes: Buffer, places: readonly number[]): Generator<Buffer> {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  let from = 0;
  for (const end of ends.sort((a, b) => a - b)) {
    yield bytes.subarray(from, end);
    from = end;
  }
}

const id = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
const entry = fc.record(
  {
    enterprise: id,
    device: id,
    kind: fc.constantFrom('device' as const, 'gateway' as const),
    profile: fc.stringMatching(/^[a-z0-9._-]{1,12}$/),
    district: id,
    industry: fc.stringMatching(/^[0-9]{2}$/),
    gateway: id,
    serial: id,
    createdAtMs: fc.nat(),
    state: fc.constantFrom(...deviceStates),
    activatedAtMs: fc.option(fc.nat()),
    lastRowAtMs: fc.constant(null),
    revision: fc.constant(1),
  },
  {
    requiredKeys: [
      ...(['enterprise', 'device', 'kind', 'profile', 'district', 'industry'] as const),
      ...(['createdAtMs', 'state', 'activatedAtMs', 'lastRowAtMs', 'revision'] as const),
    ],
  },
) as fc.Arbitrary<DirectoryEntry>;

describe('what is written can be read back, in pieces of any size', () => {
  const formats = [
    ['CSV', writeDevicesCsv, readDevicesCsv, 2],
    ['JSON', writeDevicesJson, readDevicesJson, 1],
  ] as const;
  it.each(formats)('%s', async (_, write, read, firstRow) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        async (entries, places) => {
          const source = (async function* () {
            yield* entries;
          })();
          const text = (await collect(write(source))).join('');
          const rows = await collect(read(cut(Buffer.from(text), places)));
          const expected = entries.map(
            (
              {
                createdAtMs: _1,
                state: _2,
                activatedAtMs: _3,
                lastRowAtMs: _4,
                revision: _5,
                ...rest
              },
              i,
            ) => ({
              row: firstRow + i,
              ...rest,
            }),
          );
          expect(bare(rows)).toEqual(bare(expected));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('any cell survives quoting', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 20, maxLength: 60 }), async (secret) => {
        // Alone in its cell, white space counts as an empty row to a spreadsheet.
        const quoted = `"${secret.replaceAll('"', '""')}"`;
        const rows = await csv(`enterprise,device,secret\r\nacme,a,${quoted}\r\n`);
        expect(rows).toMatchObject([{ row: 2, enterprise: 'acme', secret }]);
      }),
      { numRuns: 200 },
    );
  });

  it('from one registry to another', async () => {
    const from = openEmpty().registry;
    await from.add({ enterprise: 'acme', device: 'edge', kind: 'gateway', district: 'wujin' });
    await from.add({ enterprise: 'acme', device: 'a', profile: 'agv', gateway: 'edge' });
    await from.add({ enterprise: 'bolt', device: 'b', profile: 'generic', serial: 'sn-1' });
    const text = (await collect(writeDevicesCsv(from.export({})))).join('');
    expect(text.split('\n')[0]).toBe(
      'enterprise,device,kind,profile,district,industry,gateway,serial,state,activated_at',
    );
    const to = openEmpty().registry;
    expect(await to.importDevices(readDevicesCsv([Buffer.from(text)]))).toMatchObject({ added: 3 });
    expect((await collect(writeDevicesCsv(to.export({})))).join('')).toBe(text);
  });
});

describe('CSV as spreadsheets make it', () => {
  it.each([
    ['comma', 'enterprise,device,profile\nacme,a,agv\nacme,b,agv\n'],
    ['semicolon, BOM and CRLF', '\ufeffEnterprise;Device;Profile\r\nacme;a;agv\r\nacme;b;agv'],
    ['tab and spaces', ' enterprise\tdevice \tprofile\n acme \ta\tagv\nacme\tb\tagv\n'],
    ['quotes', '"enterprise","device","profile"\n"acme","a","agv"\n"acme","b",agv\n'],
    ['CR', 'enterprise,device,profile\racme,a,agv\racme,b,agv\r'],
    ['surplus empty cells', 'enterprise,device,profile\nacme,a,agv,,\nacme,b,agv,\n'],
  ])('%s', async (_, text) => {
    expect(await csv(text)).toMatchObject([
      { row: 2, enterprise: 'acme', device: 'a', profile: 'agv' },
      { row: 3, enterprise: 'acme', device: 'b', profile: 'agv' },
    ]);
  });

  it('counts rows as a spreadsheet does, empty ones too', async () => {
    const rows = await csv('enterprise,device\n\nacme,a\n,,\n\nacme,b\n');
    expect(rows.map((row) => row.row)).toEqual([3, 6]);
  });

  it.each([
    '\n\nenterprise;device\nacme;a\n',
    '\ufeff\r\n;\r\nenterprise;device\r\nacme;a\r\n',
    ' \n;;;;\n"enterprise";device\nacme;a\n',
  ])('finds the heading below empty rows: %j', async (text) => {
    expect(await csv(text)).toMatchObject([{ row: 4, enterprise: 'acme', device: 'a' }]);
  });

  it('leaves a secret as it is, white space too', async () => {
    const secret = '  a secret with spaces ';
    const rows = await csv(`enterprise,device,secret\nacme, a ,"${secret}"\n`);
    expect(rows).toMatchObject([{ device: 'a', secret }]);
  });

  it('names every mistake of the heading', async () => {
    const failure = await failureOf(csv('enterprise,colour,serial,serial,__proto__\n'));
    expect(failure).toMatchObject({
      code: 'registry.import-invalid',
      details: [
        'unknown column "colour", "__proto__"',
        'column twice: "serial"',
        'column missing: device',
        expect.stringContaining('columns are enterprise, device'),
      ],
    });
  });

  it.each([
    ['', /empty/],
    ['enterprise,device\nacme,"a\n', /line 2/],
    ['enterprise,device\nacme,"a"b\n', /line 2/],
    [`enterprise,device\nacme,a\nacme,${'x'.repeat(9000)}\n`, /line 3: a row of more than 8192/],
    [Buffer.from([0x65, 0x0a, 0x62, 0xe8]), /line 2 is neither UTF-8 nor GB18030 text/],
    [Buffer.from([0xff, 0xfe, 0x65, 0x00, 0x0a, 0x00, 0x65]), /line 2 is not UTF-16LE text/],
  ])('refuses a file as a whole: %#', async (text, detail) => {
    const failure = await failureOf(csv(text));
    expect(failure.code).toBe('registry.import-invalid');
    expect(failure.details.join()).toMatch(detail);
  });

  it('makes a bad row an error of its own', async () => {
    const rows = await csv('enterprise,device,kind\nacme,a,robot\nacme,b,device,more\nacme,c\n');
    expect(rows).toMatchObject([
      { row: 2, code: 'registry.row-invalid', detail: expect.stringContaining('"robot"') },
      { row: 3, code: 'registry.row-invalid', detail: '4 cells under 3 columns' },
      { row: 4, enterprise: 'acme', device: 'c' },
    ]);
  });

  it('passes on what the source throws', async () => {
    async function* source() {
      yield Buffer.from('enterprise,device\nacme,a\n');
      throw new Error('the connection was lost');
    }
    await expect(collect(readDevicesCsv(source()))).rejects.toThrow('the connection was lost');
  });
});

/** `text` in GB18030; only the few characters that the tests use. */
function gb18030(text: string): Buffer {
  const codes: Readonly<Record<string, number>> = {
    企: 0xc6f3,
    业: 0xd2b5,
    设: 0xc9e8,
    备: 0xb1b8,
    模: 0xc4a3,
    型: 0xd0cd,
    注: 0xd7a2,
    压: 0xd1b9,
    机: 0xbbfa,
  };
  const bytes = [...text].flatMap((char) => {
    const code = codes[char];
    return code === undefined ? [char.charCodeAt(0)] : [code >> 8, code & 0xff];
  });
  return Buffer.from(bytes);
}

describe('encodings of spreadsheets', () => {
  const table = '企业,设备,设备模型,备注\r\nacme,a,agv,压机\r\nacme,压机,agv,\r\n';
  const tabbed = Buffer.from(`\ufeff${table.replaceAll(',', '\t')}`, 'utf16le');
  const files: readonly (readonly [string, TextEncoding, Buffer])[] = [
    ['UTF-8', 'utf-8', Buffer.from(table)],
    ['UTF-8 with a byte order mark', 'utf-8', Buffer.from(`\ufeff${table}`)],
    ['GB18030', 'gb18030', gb18030(table)],
    ['Unicode text', 'utf-16le', tabbed],
    ['Unicode text, big-endian', 'utf-16be', Buffer.from(tabbed).swap16()],
  ];

  it.each(files)('%s, in pieces of any size', async (_, encoding, bytes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 10 }), async (places) => {
        const text = new DecodedText(cut(bytes, places), 'registry.import-invalid');
        const rows = await collect(readDevicesCsv(text));
        expect(bare(rows)).toEqual([
          { row: 2, enterprise: 'acme', device: 'a', profile: 'agv' },
          { row: 3, enterprise: 'acme', device: '压机', profile: 'agv' },
        ]);
        expect(text.encoding).toBe(encoding);
      }),
      { numRuns: 100 },
    );
  });

  it('is told apart by what comes after much ASCII, without waiting for it', async () => {
    const ascii = `enterprise,device,note\n${'acme,a,\n'.repeat(50_000)}`;
    const file = Buffer.concat([Buffer.from(ascii), gb18030('acme,b,压机\n')]);
    const text = new DecodedText([file], 'registry.import-invalid');
    const rows = readDevicesCsv(text);
    await rows.next();
    expect(text.encoding).toBe('utf-8');
    expect(await collect(rows)).toHaveLength(50_000);
    expect(text.encoding).toBe('gb18030');
  });

  it('is the one that is given', async () => {
    const device = Buffer.from('设备');
    const bytes = Buffer.concat([Buffer.from('enterprise,device\nacme,'), device]);
    const read = (given: TextEncoding) =>
      collect(readDevicesCsv(new DecodedText([bytes], 'registry.import-invalid', given)));
    expect(await read('utf-8')).toMatchObject([{ device: '设备' }]);
    const misread = new TextDecoder('gb18030').decode(device);
    expect(await read('gb18030')).toMatchObject([{ device: misread }]);
  });

  it('leaves no doubt where UTF-8 ends', async () => {
    const utf8 = `enterprise,device,note\n${'acme,a,压机\n'.repeat(10_000)}`;
    const file = Buffer.concat([Buffer.from(utf8), gb18030('acme,b,压机\n')]);
    const failure = await failureOf(csv(file));
    expect(failure.details).toEqual([expect.stringMatching(/^line 10002 is not UTF-8 text: /)]);
  });
});

describe('JSON', () => {
  it('reads strings under known keys, null as left out', async () => {
    const rows = await json('[{"enterprise":"acme","device":" a ","serial":null},{"device":"b"}]');
    expect(bare(rows)).toEqual([
      { row: 1, enterprise: 'acme', device: 'a' },
      { row: 2, enterprise: '', device: 'b' },
    ]);
  });

  it('makes a bad element an error of its own', async () => {
    const rows = await json('[1, [], null, {"device": 1}, {"__proto__": "x"}, {"colour": "x"}]');
    expect(rows.map((row) => ('code' in row ? [row.row, row.detail] : null))).toEqual([
      [1, 'not an object'],
      [2, 'not an object'],
      [3, 'not an object'],
      [4, 'device must be a string'],
      [5, 'unknown column "__proto__"'],
      [6, 'unknown column "colour"'],
    ]);
  });

  const long = `[{"device":"${'x'.repeat(limits.importRowCharsMax)}"}]`;
  it.each(['', '{}', '[', '[{}', '[{},]', '[,]', '[{} {}]', '[{}] x', '[{"a":}]', 'x', long])(
    'refuses a file as a whole: %#',
    async (text) => {
      expect((await failureOf(json(text))).code).toBe('registry.import-invalid');
    },
  );

  it('splits any array as JSON.parse does, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ device: fc.string(), serial: fc.string({ unit: 'grapheme' }) })),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.constantFrom(undefined, 1, '\t'),
        async (elements, places, indent) => {
          const bytes = Buffer.from(JSON.stringify(elements, null, indent));
          const rows = await collect(readDevicesJson(cut(bytes, places)));
          const trimmed = (text: string) => text.trim() || undefined;
          expect(bare(rows)).toEqual(
            bare(
              elements.map(({ device, serial }, i) => ({
                row: i + 1,
                enterprise: '',
                device: device.trim(),
                serial: trimmed(serial),
              })) as Item[],
            ),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
