/** The page as a reader has it: a file, in a real Chromium, without any network. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportHtml } from '../../../benchmarks/report/report-html.ts';
import type { RunReport } from '../../../model/report.ts';
import { Browser } from '../../helpers/browser.ts';
import { requireProgram } from '../../helpers/services.ts';
import { emptyReport, sampleReport } from './sample-report.ts';
import { endlessReport, hostileReport, hugeReport } from './strange-reports.ts';

const chromium = requireProgram('chromium');

const reports: Readonly<Record<string, RunReport>> = {
  city: sampleReport({ columns: 90 }),
  outage: sampleReport({ columns: 300, outage: true }),
  empty: emptyReport(),
  endless: endlessReport(),
  hostile: hostileReport(),
  huge: hugeReport(),
};

describe.skipIf(chromium === null)('the page of a report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onramp-report-'));
  const urlOf = (name: string): string => pathToFileURL(join(folder, `${name}.html`)).href;
  let browser: Browser;

  /** Opens the page of a report afresh, also when only the part after `#` is another one. */
  const open = async (name: string, language = 'en'): Promise<void> => {
    await browser.open('about:blank');
    await browser.until(`location.href === 'about:blank'`);
    browser.problems.length = 0;
    browser.requests.length = 0;
    await browser.open(`${urlOf(name)}#${language}`);
    await browser.until(
      `location.protocol === 'file:' && document.readyState === 'complete' && document.querySelector('#repeat') !== null`,
    );
  };

  beforeAll(async () => {
    for (const [name, report] of Object.entries(reports)) {
      writeFileSync(join(folder, `${name}.html`), reportHtml(report));
    }
    browser = await Browser.start(chromium!, { width: 1440, height: 900 });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  describe.each(Object.keys(reports))('%s', (name) => {
    beforeAll(() => open(name));

    test('asks for nothing but itself, and nothing goes wrong', () => {
      expect(browser.requests.map((url) => url.replace(/#.*/, ''))).toEqual([urlOf(name)]);
      expect(browser.problems).toEqual([]);
    });

    test('is well-formed, even by the rules of XML', async () => {
      const source = JSON.stringify(reportHtml(reports[name]!));
      const error = await browser.evaluate<string | null>(
        `new DOMParser().parseFromString(${source}, 'application/xhtml+xml').querySelector('parsererror')?.textContent ?? null`,
      );
      expect(error).toBe(null);
    });

    test('names every drawing, and every id once', async () => {
      const unnamed = await browser.evaluate<number>(
        `[...document.querySelectorAll('svg[role=img]')].filter((svg) => !document.getElementById(svg.getAttribute('aria-labelledby'))?.textContent.trim()).length`,
      );
      expect(unnamed).toBe(0);
      const ids = await browser.evaluate<string[]>(
        `[...document.querySelectorAll('[id]')].map(({ id }) => id)`,
      );
      expect(ids).toEqual([...new Set(ids)]);
    });

    test.each([360, 768, 1440, 2560])('is no wider than a window of %s pixels', async (width) => {
      await browser.resize({ width, height: 900 });
      const widest = await browser.evaluate<number>(`document.documentElement.scrollWidth`);
      await browser.resize({ width: 1440, height: 900 });
      expect(widest).toBeLessThanOrEqual(width);
    });
  });

  test('runs nothing that a report holds', async () => {
    await open('hostile');
    expect(await browser.evaluate('typeof window.attacked')).toBe('undefined');
    expect(await browser.evaluate('document.querySelectorAll("img, iframe").length')).toBe(0);
  });

  test('speaks one language at a time, and changes it', async () => {
    const verdict = (): Promise<string> =>
      browser.evaluate('document.querySelector("#verdict h2").innerText');
    await open('city', 'zh');
    expect(await verdict()).toBe('通过');
    expect(await browser.evaluate('document.documentElement.lang')).toBe('zh-CN');
    await browser.evaluate('document.querySelector("[data-language=en]").click()');
    expect(await verdict()).toBe('PASS');
    expect(await browser.evaluate('document.querySelector("main").innerText')).not.toMatch(
      /\p{Script=Han}/u,
    );
  });

  test('gives the report away as a file', async () => {
    await open('outage');
    // The page's own policy forbids it to fetch, so the file is caught where it is made.
    const file = await browser.evaluate<string>(`(async () => {
      const made = Promise.withResolvers();
      URL.createObjectURL = (blob) => (made.resolve(blob.text()), 'blob:caught');
      (0, eval)(document.querySelector('script:not([type])').textContent);
      return made.promise;
    })()`);
    expect(JSON.parse(file)).toEqual(reports.outage);
  });
});
