/** Everything that is needed to play the same run again. */

import type { RunReport } from '../../../model/report.ts';
import { facts, panel } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { bytes, count } from '../numbers.ts';
import { text } from '../text.ts';

const parametersMax = 100;

export function repeatPanel(report: RunReport): Html {
  const { environment, parameters, seed } = report;
  const machine = facts([
    [text('repeat.cpu'), environment.cpu],
    [text('repeat.cores'), count(environment.cores)],
    [text('repeat.memory'), bytes(environment.memoryBytes)],
    [text('repeat.platform'), environment.platform],
    [text('repeat.descriptors'), count(environment.descriptorLimit)],
    [text('repeat.store'), environment.store],
    ['Onramp', environment.onramp],
    ['Node.js', environment.node],
  ]);
  const given = facts([
    [text('repeat.seed'), html`<code>${seed}</code>`],
    ...Object.entries(parameters)
      .filter(([name]) => name !== 'seed')
      .slice(0, parametersMax)
      .map(
        ([name, value]) =>
          [html`<code>${name}</code>`, html`<code>${String(value)}</code>`] as const,
      ),
  ]);
  return panel(
    'repeat',
    'repeat.title',
    html`
<h3>${text('repeat.command')}</h3><pre tabindex="0">${commandWords(report).map((word) => html`<span>${word}</span> `)}</pre>
<div class="halves"><div><h3>${text('repeat.machine')}</h3>${machine}</div>
<div><h3>${text('repeat.parameters')}</h3>${given}</div></div>`,
  );
}

/**
 * The parts of a line for a POSIX shell, each a flag with its value; a parameter whose name could
 * not be a flag is left out. FILE stands for the fleet key of a target.
 */
export function commandWords({ parameters, scenario, seed }: RunReport): string[] {
  const flags = Object.entries({ seed, ...parameters })
    .filter(([name]) => /^[a-z][A-Za-z0-9]*$/.test(name))
    .map(([name, value]) => {
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      if (typeof value === 'boolean') return value ? `--${flag}` : `--no-${flag}`;
      return `--${flag} ${quoted(String(value))}`;
    });
  const key = Object.hasOwn(parameters, 'target') ? ['--fleet-key FILE'] : [];
  return ['npx onramp bench', quoted(scenario), ...flags, ...key];
}

/** As one word of a shell (POSIX.1-2017, Shell Command Language §2.2.2). */
function quoted(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
