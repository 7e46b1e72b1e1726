import { describe, expect, it } from 'vitest';
import { readProfileCsv } from '../../../gateway/registry/profile-csv.ts';
import { failureOf } from './open.ts';

const read = (text: string | Buffer) =>
  readProfileCsv([Buffer.from(text as string)], { id: 'press' }, 'acme');

describe('a profile from CSV', () => {
  it('has a signal for each row', async () => {
    const text = [
      'name,type,unit,min,max,zh,en,values,key',
      'force,double,kN,0,2000,力,Force,,yes',
      'temperature,REAL,°C,-20,,,,,',
      'strokes,integer,,0,,,,,',
      'state,enum,,,,状态,,run|idle|alarm,1',
      'die,text,,,,,,,no',
      'guard,boolean,,,,,,,',
    ].join('\n');
    expect(await read(text)).toEqual({
      id: 'acme.press',
      name: { zh: 'press', en: 'press' },
      production: true,
      signals: [
        {
          id: 'force',
          name: { zh: '力', en: 'Force' },
          unit: 'kN',
          ucum: 'kN',
          type: 'float',
          range: [0, 2000],
          key: true,
        },
        {
          id: 'temperature',
          name: { zh: 'temperature', en: 'temperature' },
          unit: '°C',
          ucum: 'Cel',
          type: 'float',
          range: [-20, Number.MAX_VALUE],
        },
        {
          id: 'strokes',
          name: { zh: 'strokes', en: 'strokes' },
          unit: '',
          ucum: '1',
          type: 'int',
          range: [0, Number.MAX_VALUE],
        },
        {
          id: 'state',
          name: { zh: '状态', en: '状态' },
          unit: '',
          ucum: '1',
          type: 'enum',
          values: ['run', 'idle', 'alarm'],
          key: true,
        },
        { id: 'die', name: { zh: 'die', en: 'die' }, unit: '', ucum: '1', type: 'string' },
        { id: 'guard', name: { zh: 'guard', en: 'guard' }, unit: '', ucum: '1', type: 'bool' },
      ],
    });
  });

  it('is read as a European Excel writes it', async () => {
    const profile = await read('\ufeffName;Type;Min;Max\r\n"force";float;-0,5;1,25\r\n;;;\r\n');
    expect(profile.signals).toMatchObject([{ id: 'force', range: [-0.5, 1.25] }]);
  });

  it('reports every mistake with its row and column', async () => {
    const text = [
      'name,type,min,max,values',
      'force,flot,a,,',
      'no spaces,int,9,1,',
      '',
      'state,enum,,,',
      'State,bool,0,1,a|a,surplus',
      ',,,,',
      'seq,float,,,',
      'Quality,float,,,',
    ].join('\n');
    const { code, details } = await failureOf(read(text));
    expect(code).toBe('profile.invalid');
    expect(details).toEqual([
      'row 2, type: "flot" is not a type: float, int, bool, enum or string',
      'row 2, min: must be a number',
      'row 3, name: "no spaces" cannot be a signal\'s name',
      'row 3, min: min is above max',
      'row 5, values: an enum needs its values',
      'row 6, column 6: no such column',
      'row 6, name: "State" is "state" in another case',
      'row 6, min: only numbers have bounds',
      'row 6, values: only an enum has values',
      'row 6, values: a value is there twice',
      'row 8, name: "seq" cannot be a signal\'s name',
      'row 9, name: "Quality" cannot be a signal\'s name',
    ]);
  });

  it.each([
    ['', /empty/],
    ['name,type\n', /signals: must hold a signal/],
    ['name,type,colour,type\n', /no such column "colour".*"type" is there twice/],
    [`name,type\n${'a,int\n'.repeat(600)}`, /signals: at most 512/],
    ['type\nint\n', /row 2, name: must be given/],
    // GB18030, as a Chinese Excel saves plain CSV.
    [Buffer.from([0xc3, 0xfb, 0xb3, 0xc6, 0x2c, 0x61]), /no such column "名称"/],
    [Buffer.from([0x61, 0x2c, 0xff]), /line 1 is neither UTF-8 nor GB18030/],
    [`name,type\na,"${'x'.repeat(9000)}"\n`, /more than 8192/],
  ])('refuses a file that is none: %#', async (text, detail) => {
    const failure = await failureOf(read(text));
    expect(failure.code).toBe('profile.invalid');
    expect(failure.details.join('; ')).toMatch(detail);
  });
});
