/** Grafana's files name only what there is: data sources, measurements, fields, tags and metrics. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { metricTable } from '../../gateway/api/metric-table.ts';
import { eventMeasurement, genericProfileId, publishedSignals } from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { dashboards, grafanaFolder, influxQueries } from '../helpers/grafana.ts';

const yaml = (path: string) => parseYaml(readFileSync(join(grafanaFolder, path), 'utf8'));
const { datasources } = yaml('provisioning/datasources/onramp.yaml') as {
  datasources: { uid: string; type: string; jsonData: object; secureJsonData?: object }[];
};

const tags = new Set(['enterprise', 'device', 'district', 'industry']);
const everyRow = ['seq', 'quality'];
/** Fields of every measurement there can be (ARCHITECTURE: the schema in the store). */
const fieldsOf = new Map<string, ReadonlySet<string>>(
  [...builtInProfiles.values()].map((profile) => [
    profile.id,
    new Set([...publishedSignals(profile).map(({ id }) => id), ...everyRow]),
  ]),
);
fieldsOf.set(genericProfileId, new Set(['num', 'text', ...everyRow]));
fieldsOf.set(eventMeasurement, new Set(['severity', ...everyRow]));
const tagsOf = (measurement: string) =>
  new Set([...tags, ...(measurement === eventMeasurement ? ['code', 'state'] : [])]);

const quoted = (text: string) => [...text.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
const aliases = (query: string) => [...query.matchAll(/ AS "([^"]+)"/g)].map(([, name]) => name!);
/** `FROM "a","b"`, wherever it is in a query. */
const fromClause = /FROM ("[^"]+"(?:,\s*"[^"]+")*)/g;

describe.each(influxQueries())('%s', (_where, query) => {
  const measurements = [...query.matchAll(fromClause)].flatMap(([, list]) => quoted(list!));

  test('names measurements that exist', () => {
    expect(measurements.length).toBeGreaterThan(0);
    expect(measurements.filter((name) => !fieldsOf.has(name))).toEqual([]);
  });

  test('names fields and tags that all of them have', () => {
    const names = new Set(quoted(query));
    for (const name of [...measurements, ...aliases(query)]) names.delete(name);
    expect(names.size).toBeGreaterThan(0);
    for (const measurement of measurements) {
      const known = new Set([...fieldsOf.get(measurement)!, ...tagsOf(measurement)]);
      expect([...names].filter((name) => !known.has(name))).toEqual([]);
    }
  });

  test('groups by tags only', () => {
    for (const [, list] of query.matchAll(/GROUP BY ((?:time\([^)]*\)|"[^"]+"|, )+)/g)) {
      for (const name of quoted(list!)) expect(tagsOf(measurements[0]!)).toContain(name);
    }
  });

  test('looks at no more than the time range of the dashboard', () => {
    const selects = query.match(/\bSELECT\b/g)?.length ?? 0;
    const inner = [...query.matchAll(fromClause)].length;
    expect(query.match(/\$timeFilter/g)?.length ?? 0).toBeGreaterThanOrEqual(
      Math.min(selects, inner),
    );
  });
});

test('the rows of every profile are counted', () => {
  const counting = influxQueries().find(([, query]) => query.includes('count("quality")'));
  const [, list] = /FROM ("[^"]+"(?:,\s*"[^"]+")*)/.exec(counting![1])!;
  expect(new Set(quoted(list!))).toEqual(new Set(builtInProfiles.keys()));
});

test('machines with a power in kW are all in their panel', () => {
  const machines = [...builtInProfiles.values()].filter(
    ({ behaviour }) => behaviour?.powerKw === 'powerKw',
  );
  const query = influxQueries().find(([, text]) => text.includes('"powerKw"'))![1];
  const listed = [...query.matchAll(fromClause)].flatMap(([, list]) => quoted(list!));
  expect(new Set(listed)).toEqual(new Set(machines.map(({ id }) => id)));
});

const promQueries = dashboards.flatMap(([name, { panels }]) =>
  panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ expr }) =>
      expr === undefined ? [] : [[`${name}: ${title}`, expr] as const],
    ),
  ),
);

describe.each(promQueries)('%s', (_where, expression) => {
  const rows = [...expression.matchAll(/\bonramp_\w+/g)].map(([name]) => ({
    name,
    row: metricTable.find((row) => row.name === name),
  }));

  test('names metrics the gateway exports', () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ row }) => row === undefined)).toEqual([]);
  });

  test('groups by labels they have', () => {
    const labels = [...expression.matchAll(/\bby \(([^)]+)\)/g)].flatMap(([, list]) =>
      list!.split(',').map((label) => label.trim()),
    );
    for (const { row } of rows) for (const label of labels) expect(row!.labels).toContain(label);
  });

  test('takes rates of counters, and of nothing else', () => {
    const rated = [...expression.matchAll(/\b(?:rate|increase)\((onramp_\w+)\[/g)].map(
      ([, n]) => n!,
    );
    for (const name of rated) {
      expect(metricTable.find((row) => row.name === name)?.kind).toBe('counter');
    }
  });
});

describe('dashboards', () => {
  test('there are those that the README names', () => {
    expect(dashboards.map(([name]) => name)).toEqual(['city-overview.json', 'gateway-health.json']);
    expect(new Set(dashboards.map(([, { uid }]) => uid)).size).toBe(dashboards.length);
  });

  test.each(dashboards)(
    '%s asks provisioned data sources of the right type',
    (_name, dashboard) => {
      const known = datasources.map(({ type, uid }) => `${type} ${uid}`);
      const asked = [
        ...dashboard.panels.flatMap((panel) => [
          panel.datasource,
          ...panel.targets.map(({ datasource }) => datasource),
        ]),
        ...dashboard.templating.list.map(({ datasource }) => datasource),
      ];
      for (const { type, uid } of asked) expect(known).toContain(`${type} ${uid}`);
    },
  );

  test.each(dashboards)(
    '%s has panels that neither overlap nor leave the grid',
    (_name, { panels }) => {
      const cells = new Set<string>();
      for (const { gridPos: at } of panels) {
        expect(at.x + at.w).toBeLessThanOrEqual(24);
        for (let x = at.x; x < at.x + at.w; x++) {
          for (let y = at.y; y < at.y + at.h; y++) {
            expect(cells.has(`${x},${y}`)).toBe(false);
            cells.add(`${x},${y}`);
          }
        }
      }
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    },
  );

  test.each(dashboards)('%s has titles in both languages', (_name, { title, panels }) => {
    for (const text of [title, ...panels.map((panel) => panel.title)]) {
      expect(text).toMatch(/[\u4e00-\u9fff]/);
      expect(text).toMatch(/[A-Za-z]{3}/);
    }
  });

  test('InfluxDB is asked in InfluxQL, with a token from a file', () => {
    const influx = datasources.find(({ type }) => type === 'influxdb');
    expect(influx?.jsonData).toMatchObject({ version: 'InfluxQL', dbName: 'onramp' });
    expect(influx?.secureJsonData).toEqual({
      httpHeaderValue1: 'Token $__file{/run/secrets/influxdb-token}',
    });
  });
});
