/** The page of any report: it says what the report says, and nothing that is not known. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageOf } from '../../../benchmarks/report/command.ts';
import { reportHtml } from '../../../benchmarks/report/report-html.ts';
import { OnrampError } from '../../../model/errors.ts';
import type { RunReport } from '../../../model/report.ts';
import { emptyReport, sampleReport } from './sample-report.ts';
import {
  attack,
  endlessReport,
  hostileReport,
  hugeReport,
  partialReports,
} from './strange-reports.ts';

const embedded = /<script type="application\/json" id="report">(.*?)<\/script>/s;

/** The page without the report in it and without its script and style. */
function shown(report: RunReport): string {
  return reportHtml(report)
    .replace(embedded, '')
    .replace(/<(script|style)>.*?<\/\1>/gs, '');
}

/** The part of a page with this id, to the next one. */
function part(page: string, id: string): string {
  return new RegExp(`<section [^>]*id="${id}".*?</section>`, 's').exec(page)![0];
}

/** Every number that is shown, as it is in the report. */
function values(markup: string): number[] {
  return [...markup.matchAll(/<data value="([^"]*)"/g)].map(([, value]) => Number(value));
}

const states = {
  city: sampleReport({ columns: 90 }),
  'store outage': sampleReport({ columns: 200, outage: true }),
  'nothing happened': emptyReport(),
  'without end': endlessReport(),
  hostile: hostileReport(),
};

describe.each(Object.entries(states))('%s', (_name, report) => {
  const page = reportHtml(report);

  test('holds the whole report', () => {
    expect(JSON.parse(embedded.exec(page)![1]!)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  test('draws nothing that is no number', () => {
    expect(shown(report).match(/\b(NaN|Infinity|undefined)\b.{0,80}/g)).toBe(null);
  });

  test('asks nothing of anybody', () => {
    const addresses = [...shown(report).matchAll(/(?:src|href|url\()\s*=?\s*"?([^")\s>]+)/g)];
    expect(addresses.map(([, address]) => address).sort()).toEqual(
      expect.arrayContaining(['#report', 'data:,']),
    );
    expect(page.replace(embedded, '').match(/<(img|iframe|link|object|embed|base)\b/g)).toEqual([
      '<link',
    ]);
  });
});

test('any report in which parts are missing has a page', () => {
  fc.assert(
    fc.property(partialReports(), (report) => {
      const page = shown(report);
      expect(page.match(/(\b(NaN|Infinity|undefined)\b|\[object).{0,80}/g)).toBe(null);
    }),
    { numRuns: 80 },
  );
});

test('what is hostile is text', () => {
  const page = reportHtml(hostileReport());
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page).not.toContain('<img');
  expect(page).not.toContain(attack);
  expect(shown(hostileReport())).toContain('&lt;script&gt;window.attacked=1');
  expect(page).toContain('{toString}');
});

test('a huge report has a page that can be opened', () => {
  const page = shown(hugeReport());
  expect(page.length).toBeLessThan(6_000_000);
  expect(page).toContain('4,950');
});

test('the numbers are those of the report', () => {
  const report = sampleReport({ columns: 60, outage: true });
  const page = reportHtml(report);
  const { connect, fairness, ledger, telemetry } = report;
  expect(values(part(page, 'figures'))).toEqual([
    ...[connect.connected, connect.attempted, connect.seconds],
    ...[connect.attempted, connect.seconds],
    ...[telemetry.perSecond, telemetry.acked, telemetry.sent, telemetry.sent, telemetry.acked],
    ...[telemetry.ackMs!.p99, telemetry.ackMs!.p50, telemetry.ackMs!.max],
    ...[telemetry.ackMs!.p50, telemetry.ackMs!.max],
    ...[telemetry.storedMs!.p99, telemetry.storedMs!.p50, telemetry.storedMs!.max],
    ...[telemetry.storedMs!.p50, telemetry.storedMs!.max],
    ...[ledger.lost, ledger.acked, ledger.acked],
    ...[ledger.duplicated, ledger.overwritten, ledger.overwritten],
    ...[report.isolation!.leaks, report.isolation!.probes, report.isolation!.probes],
    ...[fairness!.worstEnterpriseAckMsP99],
    ...[fairness!.medianEnterpriseAckMsP99, fairness!.medianEnterpriseAckMsP99],
  ]);
  expect(values(part(page, 'verdict'))).toEqual(report.thresholds.map(({ value }) => value));
  expect(values(part(page, 'proof'))).toEqual(Object.values(connect.proof));
});

describe('verdict', () => {
  test.each([
    ['pass', 'PASS', '通过'],
    ['fail', 'FAIL', '未通过'],
    ['invalid', 'INVALID', '无效'],
  ] as const)('%s is told in words', (verdict, en, zh) => {
    const markup = part(reportHtml({ ...sampleReport({ columns: 20 }), verdict }), 'verdict');
    expect(markup).toContain(`>${en}<`);
    expect(markup).toContain(`>${zh}<`);
  });

  test('each threshold holds, failed, could not be reconciled, or was not asked', () => {
    const thresholds = [
      { expression: 'ledger.sent >= 1', value: 2, ok: true, asked: true },
      { expression: 'telemetry.ackMs.p99 <= 150', value: 312.4, ok: false, asked: true },
      { expression: 'ledger.lost == 0', value: null, ok: null, asked: true },
      { expression: 'isolation.leaks == 0', value: null, ok: null, asked: false },
    ];
    const report = { ...sampleReport({ columns: 20 }), thresholds };
    const rows = part(reportHtml(report), 'verdict').split('<tr>').slice(2);
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/holds/);
    expect(rows[1]).toMatch(/312 ms.*FAILED/s);
    expect(rows[2]).toMatch(/not reconciled/);
    expect(rows[3]).toMatch(/not asked.*不考核/);
    expect(values(rows[2]!)).toEqual([]);
  });
});

test.each([
  ['pass', true, 'Yes: the figures are about the platform'],
  ['pass', false, 'No: times and rates are about the generator'],
  ['invalid', false, 'No: the figures are about the generator'],
  ['invalid', null, 'not known'],
] as const)('the generator of a run that is %s, valid: %s', (verdict, valid, said) => {
  const sample = sampleReport({ columns: 20 });
  const reasons = valid === false ? ['publish delay p99 90 ms'] : [];
  const generator = { ...sample.generator, valid, reasons };
  const markup = part(reportHtml({ ...sample, verdict, generator }), 'generator');
  expect(markup).toContain(said);
  expect(markup.includes('the figures are about the platform')).toBe(valid === true);
  expect(markup.includes('publish delay p99 90 ms')).toBe(valid === false);
});

test('what it cost to come on board is not shown by message', () => {
  const sample = sampleReport({ columns: 20 });
  expect(part(reportHtml(sample), 'resources')).toContain('CPU for each message');
  const pace = { devices: 3, seconds: 1, perSecond: 3 };
  const { connack, tcp, tls } = sample.connect.stagesMs;
  const none = { claim: null, provision: null, reconnect: null, puback: null, row: null };
  const onboarding = {
    ...{ provisioned: 3, acknowledged: pace, stored: pace, firstRowMs: null },
    stagesMs: { tcp, tls, connack, ...none },
  };
  const markup = part(reportHtml({ ...sample, onboarding }), 'resources');
  expect(markup).not.toContain('CPU for each message');
  expect(markup).toContain('those of coming on board');
});

describe('ledger', () => {
  const ledgerOf = (ledger: Partial<RunReport['ledger']>): string => {
    const sample = sampleReport({ columns: 20 });
    const telemetry = { ...sample.telemetry, due: 105, skipped: 3, unsent: 2 };
    const report = { ...sample, telemetry, ledger: { ...sample.ledger, ...ledger } };
    return part(reportHtml(report), 'ledger');
  };

  test('balances: what was sent is stored, refused, overwritten, lost or never acknowledged', () => {
    const markup = ledgerOf({
      ...{ sent: 100, acked: 90, stored: 80, deadLettered: 4, overwritten: 3, lost: 5 },
      ...{ duplicated: 2, late: 1 },
    });
    // 90 − 4 − 3 − 5 = 78; two more are stored whose acknowledgement never came.
    expect(values(markup).slice(0, 11)).toEqual([105, 3, 2, 100, 10, 90, 4, 3, 5, 2, 80]);
    expect(markup).toContain('never sent');
    expect(markup).toContain('stored, but never acknowledged');
    expect(markup).toContain('acknowledged are missing');
  });

  test('at QoS 0 says that nothing was promised, and shows what was sent and stored', () => {
    const sample = sampleReport({ columns: 20 });
    const unknown = { acked: null, lost: null, overwritten: null };
    const page = reportHtml({
      ...sample,
      message: { ...sample.message, qos: 0 },
      ledger: { ...sample.ledger, ...unknown, sent: 77, stored: 70 },
    });
    const markup = part(page, 'ledger');
    expect(markup).toContain('nothing was promised');
    expect(markup).not.toMatch(/Nothing acknowledged is missing|LOST|not reconciled/);
    expect(values(markup)).toEqual(expect.arrayContaining([77, 70]));
    expect(part(page, 'figures')).toMatch(/nothing was promised.*77.* sent, .*70.* stored/s);
  });

  test('null is "not reconciled", never 0', () => {
    const markup = part(reportHtml(emptyReport()), 'ledger');
    expect(markup.match(/not reconciled/g)!.length).toBeGreaterThanOrEqual(7);
    expect(values(markup)).toEqual([0, 0, emptyReport().ledger.lateAfterMs / 1000, 10]);
  });
});

describe('proof', () => {
  const proofOf = (proof: Partial<RunReport['connect']['proof']>): string => {
    const sample = sampleReport({ columns: 20 });
    const connect = { ...sample.connect, proof: { ...sample.connect.proof, ...proof } };
    return part(reportHtml({ ...sample, connect }), 'proof');
  };

  test('says whether the four agree', () => {
    expect(proofOf({})).toContain('All four agree.');
    expect(proofOf({ kernel: 99_999 })).toContain('They differ');
    expect(proofOf({ store: null })).toContain('not all four could be counted');
  });
});

test('the command line repeats the run, whatever its words are', () => {
  const report = {
    ...sampleReport({ columns: 20 }),
    parameters: {
      devices: 100,
      connectsInFlight: 7,
      tls: true,
      isolation: false,
      note: "it's; rm",
    },
  };
  const words = [...part(reportHtml(report), 'repeat').matchAll(/<pre[^>]*>(.*?)<\/pre>/gs)];
  expect(words[0]![1]!.replace(/<\/?span>/g, '').trim()).toBe(
    'npx onramp bench city --seed 1 --devices 100 --connects-in-flight 7 --tls --no-isolation --note &#39;it&#39;\\&#39;&#39;s; rm&#39;',
  );
});

describe('a file', () => {
  test('that a run left is shown', () => {
    expect(pageOf(JSON.stringify(sampleReport({ columns: 20 })))).toContain('PASS');
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"schema":"onramp-report/2"}',
    '{"schema":"onramp-report/1"}',
  ])('that is no report is refused: %s', (json) => {
    expect(() => pageOf(json)).toThrow(
      expect.toSatisfy((error) => error instanceof OnrampError && error.code === 'report.invalid'),
    );
  });
});
