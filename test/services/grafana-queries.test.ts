/** Every InfluxQL query of the Grafana dashboards, asked of a real InfluxDB, finds its rows. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventMeasurement, genericProfileId, publishedSignals } from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { influxQueries } from '../helpers/grafana.ts';
import { Influxd, influxdPath } from '../helpers/influxd.ts';

/** A row of each measurement, with a value for every signal that is a number. */
function lines(nowMs: number): string {
  const tags = 'enterprise=e1,device=d1,district=wujin,industry=34';
  const rows = [...builtInProfiles.values()].map((profile) => {
    const numbers = publishedSignals(profile).filter(
      ({ type }) => type === 'float' || type === 'int',
    );
    const fields = [...numbers.map(({ id }) => `${id}=10`), 'quality=192'].join(',');
    if (profile.id !== genericProfileId) return `${profile.id},${tags} ${fields} ${nowMs}\n`;
    return `${genericProfileId},${tags},signal=force num=1,quality=192 ${nowMs}\n`;
  });
  rows.push(
    `${eventMeasurement},${tags},code=OVER_TEMP,state=raised severity=2,quality=192 ${nowMs}\n`,
  );
  return rows.join('');
}

/** What Grafana puts in for its macros and for variables that are set to "All". */
function asGrafanaSends(query: string): string {
  return query
    .replaceAll('$timeFilter', 'time >= now() - 1h and time <= now()')
    .replaceAll('$__interval', '1m')
    .replaceAll(/\$(district|enterprise)\b/g, '.*');
}

describe.skipIf(influxdPath === null)('against InfluxDB', () => {
  let influxd: Influxd;

  const ask = async (query: string, method = 'GET') => {
    const url = `${influxd.url}/query?db=onramp&q=${encodeURIComponent(query)}`;
    const response = await fetch(url, { method });
    return (await response.json()) as {
      results: { error?: string; series?: { name: string; values: unknown[][] }[] }[];
    };
  };

  beforeAll(async () => {
    influxd = await Influxd.start();
    await ask('CREATE DATABASE onramp', 'POST');
    const body = lines(Date.now() - 1000);
    const url = `${influxd.url}/write?db=onramp&precision=ms`;
    expect((await fetch(url, { method: 'POST', body })).status).toBe(204);
  });
  afterAll(() => influxd?.remove());

  test.each(influxQueries())('%s', async (_where, query) => {
    const sent = asGrafanaSends(query);
    expect(sent).not.toMatch(/\$\w/);
    const [result] = (await ask(sent)).results;
    expect(result!.error).toBeUndefined();
    const measurements = new Set(
      [...query.matchAll(/FROM ("[^"]+"(?:,\s*"[^"]+")*)/g)].flatMap(([, list]) =>
        list!.split(','),
      ),
    );
    const found = (result!.series ?? []).filter(({ values }) =>
      values.some(([, value]) => typeof value === 'string' || Number(value) > 0),
    );
    expect(new Set(found.map(({ name }) => `"${name}"`))).toEqual(measurements);
  });
});
