/** `GET /metrics`: the gateway's figures in Prometheus' text format 0.0.4. */

import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import { cached } from './cached.ts';
import type { ApiContext } from './context.ts';
import { type MetricRow, type MetricsSource, metricTable } from './metric-table.ts';
import { viewersOfAll } from './roles.ts';
import { route } from './route.ts';

/** Directory and dead letters are counted at most this often, however many scrape. */
const countsTtlMs = 5000;

/** Every figure of the gateway, for whoever may see all of it. */
export function metricsRoutes(app: FastifyInstance, context: ApiContext): void {
  const { clock, registry: directory, onboarding, deadLetters } = context;
  const directoryCounts = cached(clock, countsTtlMs, () => directory.counts());
  const deadLetterCounts = cached(clock, countsTtlMs, () => deadLetters.counts());
  let source: MetricsSource | null = null;
  const registry = metricRegistry(() => source);

  route(app, {
    method: 'GET',
    url: '/metrics',
    tag: 'gateway',
    summary: "The gateway's figures for Prometheus",
    access: viewersOfAll,
    answers: { 200: { description: 'Text format 0.0.4', content: { 'text/plain': null } } },
    handler: async (_asked, reply) => {
      const [counts, letters] = await Promise.all([
        orNull(directoryCounts()),
        orNull(deadLetterCounts()),
      ]);
      source = {
        status: context.status(),
        directory: counts,
        onboarding: onboarding.counts(),
        deadLetters: letters && Object.fromEntries(letters.map(({ code, count }) => [code, count])),
      };
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  });
}

/** The metrics of the table, each of which reads `source()` when it is collected. */
export function metricRegistry(source: () => MetricsSource | null): Registry {
  const registry = new Registry();
  for (const row of metricTable) register(row, registry, source);
  return registry;
}

function register(row: MetricRow, registry: Registry, source: () => MetricsSource | null): void {
  const options = {
    name: row.name,
    help: row.help,
    labelNames: [...row.labels],
    registers: [registry],
  };
  const samples = () => {
    const now = source();
    return now === null ? [] : row.read(now);
  };
  // Totals are kept elsewhere; a scrape takes them over as they stand.
  if (row.kind === 'counter') {
    new Counter({
      ...options,
      collect() {
        this.reset();
        if (row.labels.length === 0) this.remove();
        for (const [value, labels] of samples()) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        if (row.labels.length === 0) this.remove();
        for (const [value, labels] of samples()) this.set(labels, value);
      },
    });
  }
}

/** One part that fails must not hide the others. */
function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch(() => null);
}
