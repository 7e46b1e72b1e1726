/** Can the gateway go on: readiness, store, journal, processes. */

import { errorTable } from '../../../model/errors.ts';
import type { Name } from '../../../model/profile.ts';
import { h, label, panel, setText } from '../dom.ts';
import { bytes, count, duration, latency, percent, timeOfDay } from '../format.ts';
import type { TextKey, Texts } from '../i18n.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Panel } from '../view.ts';

/** A line of the list; its value's words come from the snapshot. */
interface Line {
  readonly key: TextKey;
  value(snapshot: Snapshot): string;
}

function linesOf(texts: Texts): readonly Line[] {
  const { language } = texts;
  return [
    {
      key: 'gateway.full',
      value: ({ journal }) =>
        journal.secondsUntilFull === null
          ? texts.text('gateway.notGrowing')
          : duration(journal.secondsUntilFull, language),
    },
    { key: 'gateway.disk', value: ({ journal }) => bytes(journal.diskFreeBytes) },
    {
      key: 'gateway.writeMs',
      value: ({ shipper: { writeMs } }) =>
        writeMs === null
          ? texts.text('unknown')
          : `${latency(writeMs.p50).join(' ')} / ${latency(writeMs.p99).join(' ')}`,
    },
    {
      key: 'gateway.writes',
      value: ({ shipper }) =>
        `${count(shipper.writes, language)} · ${count(shipper.retries, language)} ${texts.text('gateway.retries')}`,
    },
    {
      key: 'gateway.linesPerWrite',
      value: ({ shipper }) => count(shipper.linesPerWrite, language),
    },
    {
      key: 'gateway.workers',
      value: ({ workers, workerRestarts, sessions }) =>
        [
          count(workers.length, language),
          `${count(workerRestarts, language)} ${texts.text('gateway.restarts')}`,
          `${count(sessions, language)} ${texts.text('gateway.sessions')}`,
        ].join(' · '),
    },
    {
      key: 'gateway.memory',
      value: ({ workers, supervisor }) =>
        bytes(workers.reduce((sum, worker) => sum + worker.rssBytes, supervisor.rssBytes)),
    },
    {
      key: 'gateway.uptime',
      value: ({ nowMs, startedAtMs }) => duration((nowMs - startedAtMs) / 1000, language),
    },
  ];
}

/** A state in a shape and a word, so that colour is never alone. */
function setState(element: HTMLElement, good: boolean, words: string): void {
  element.classList.toggle('bad', !good);
  setText(element, `${good ? '●' : '▲'} ${words}`);
}

export function gateway(texts: Texts): Panel {
  const ready = h('p', 'state');
  ready.setAttribute('role', 'status');
  const store = h('p', 'state');
  const depth = h('span', 'number');
  const bar = h('progress');
  bar.setAttribute('aria-label', texts.text('gateway.journal'));
  const list = h('dl', '');
  const values = linesOf(texts).map((line) => {
    const element = h('dd', 'number');
    list.append(h('div', '', h('dt', '', label(texts, line.key)), element));
    return { line, element };
  });
  const element = panel(
    texts,
    'gateway',
    'gateway.title',
    ready,
    store,
    h('div', 'journal', h('p', '', label(texts, 'gateway.journal'), depth), bar),
    list,
  );
  return {
    element,
    show(snapshot) {
      const { notReady, journal } = snapshot;
      const isReady = notReady.length === 0;
      setState(
        ready,
        isReady,
        isReady
          ? texts.text('gateway.ready')
          : `${texts.text('gateway.notReady')}: ${notReady.join(' ')}`,
      );
      setState(store, snapshot.shipper.unavailable === null, storeWords(texts, snapshot));
      setText(
        depth,
        `${bytes(journal.unshippedBytes)} ${texts.text('gateway.journalOf')} ${bytes(journal.bytesMax)} · ${percent(journal.unshippedBytes, journal.bytesMax)}`,
      );
      bar.max = journal.bytesMax;
      bar.value = Math.min(journal.unshippedBytes, journal.bytesMax);
      for (const { line, element } of values) setText(element, line.value(snapshot));
    },
  };
}

function storeWords(texts: Texts, { shipper: { unavailable }, store }: Snapshot): string {
  const name = `${texts.text('gateway.store')} ${store}`;
  if (unavailable === null) return `${name} ${texts.text('gateway.storeAnswers')}`;
  const time = timeOfDay(unavailable.sinceMs, texts.language);
  const sentence = unavailable.code && sentences[unavailable.code]?.[texts.language];
  const told = !sentence || unavailable.reason.includes(sentence);
  const why = told ? unavailable.reason : `${sentence} ${unavailable.reason}`;
  return `${name} ${texts.text('gateway.storeSilent', { time })}: ${why}`;
}

/** What the codes of the API mean; a newer gateway may have others. */
const sentences: Readonly<Record<string, Name | undefined>> = errorTable;
