/**
 * A run's report as a page: one file that asks nothing of any server, in English and Chinese, on a
 * phone, a wall or paper.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RunReport } from '../../model/report.ts';
import { colourStyle } from './frame/colours.ts';
import { embeddedJson, Html, html } from './html.ts';
import { seconds } from './numbers.ts';
import { failuresPanel } from './panels/failures.ts';
import { fairnessPanel } from './panels/fairness.ts';
import { figuresPanel } from './panels/figures.ts';
import { findingsPanel } from './panels/findings.ts';
import { generatorPanel } from './panels/generator.ts';
import { heatMapsPanel } from './panels/heat-maps.ts';
import { isolationPanel } from './panels/isolation.ts';
import { ledgerPanel } from './panels/ledger.ts';
import { messagePanel } from './panels/message.ts';
import { proofPanel } from './panels/proof.ts';
import { rampPanel } from './panels/ramp.ts';
import { ratesPanel } from './panels/rates.ts';
import { repeatPanel } from './panels/repeat.ts';
import { resourcesPanel } from './panels/resources.ts';
import { verdictPanel } from './panels/verdict.ts';
import { waterfallPanel } from './panels/waterfall.ts';
import { both, text } from './text.ts';

/** From the top: what was decided, what was measured, and how it can be repeated. */
const panels = [
  verdictPanel,
  figuresPanel,
  messagePanel,
  proofPanel,
  rampPanel,
  ratesPanel,
  heatMapsPanel,
  waterfallPanel,
  ledgerPanel,
  resourcesPanel,
  generatorPanel,
  fairnessPanel,
  isolationPanel,
  findingsPanel,
  failuresPanel,
  repeatPanel,
];

const styles = ['page', 'panels', 'charts', 'print'] as const;

const beside = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

/**
 * The whole page. Whatever the report holds is shown as text; what it does not know is shown as not
 * known. The report itself is in the page, too.
 */
export function reportHtml(report: RunReport): string {
  const script = beside('./page.js');
  const style = [...styles.map((name) => beside(`./style/${name}.css`)), colourStyle()].join('\n');
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="dark light"/>
<title>${report.scenario} · Onramp</title>
<link rel="icon" href="data:,"/>
<style>${new Html(style)}</style>
</head>
<body>
${header(report)}
<main>${panels.map((panel) => panel(report))}</main>
<footer><p>${text('page.simulatedNote')}</p></footer>
<script type="application/json" id="report">${embeddedJson(report)}</script>
<script>${new Html(script)}</script>
</body>
</html>
`.markup;
}

function header({ durationS, scenario, startedAt }: RunReport): Html {
  return html`<header>
<h1><span class="brand">Onramp</span> ${text('page.title')} <code>${scenario}</code></h1>
<p class="simulated">${text('page.simulated')}</p>
<p class="when">${text('page.started')} ${moment(startedAt)} · ${text('page.window')} ${seconds(durationS)}</p>
<div class="actions"><a id="download" href="#report" hidden="">${text('page.download')}</a>
<div class="languages" hidden=""><button type="button" data-language="zh-CN" lang="zh-CN">中文</button><button type="button" data-language="en" lang="en">English</button></div></div>
</header>`;
}

/** In China's time, like the dashboards; what is no moment stands as it is. */
function moment(iso: string): Html {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return html`${iso}`;
  const shown = (locale: string, zone: string): string =>
    `${date.toLocaleString(locale, { timeZone: 'Asia/Shanghai', dateStyle: 'long', timeStyle: 'short' })}${zone}`;
  const words = { en: shown('en-GB', ' China Standard Time'), zh: shown('zh-CN', '(北京时间)') };
  return html`<time datetime="${iso}">${both(words)}</time>`;
}

/** Nothing is asked of anybody, and only the page's own script runs. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
