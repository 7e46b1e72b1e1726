import { expect, test } from 'vitest';
import type { InfluxSeries, Querier } from '../../../gateway/stores/influxdb/influxql.ts';
import { readTotals } from '../../../gateway/stores/influxdb/read.ts';
import { sleep } from '../../../model/clock.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

test('counting leaves the server alone between measurements, as long as each took', async () => {
  const clock = new VirtualClock();
  const beganMs: number[] = [];
  const querier: Querier = {
    async run(statement, take: (series: InfluxSeries) => void) {
      if (statement === 'SHOW MEASUREMENTS') {
        take({ columns: ['name'], values: [['cnc'], ['event'], ['loom'], ['robot']] });
        return;
      }
      beganMs.push(clock.monotonicMs());
      await sleep(clock, 400);
      const tags = { enterprise: 'e1', device: statement.includes('"cnc"') ? 'd1' : 'd2' };
      take({ columns: ['time', 'count'], tags, values: [[0, 3]] });
    },
  };
  const startedMs = clock.monotonicMs();
  const asked = readTotals(querier, 0, clock);
  for (let i = 0; i < 30; i++) await clock.advanceAsync(100);
  expect(await asked).toEqual({ enterprises: 1, devices: 2, rows: 9 });
  expect(beganMs.map((atMs) => atMs - startedMs)).toEqual([0, 800, 1600]);
});
