/** The provisioned Grafana dashboards, as far as tests look into them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const grafanaFolder = join(import.meta.dirname, '../../dashboards/grafana');

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export interface Target {
  readonly refId: string;
  readonly datasource: DataSource;
  /** InfluxQL. */
  readonly query?: string;
  /** PromQL. */
  readonly expr?: string;
}

export interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource: DataSource;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly Target[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly query: string;
      readonly datasource: DataSource;
    }[];
  };
  readonly panels: readonly GrafanaPanel[];
}

/** Every dashboard by its file's name. */
export const dashboards: readonly (readonly [name: string, dashboard: Dashboard])[] = readdirSync(
  join(grafanaFolder, 'dashboards'),
)
  .sort()
  .map((name) => [
    name,
    JSON.parse(readFileSync(join(grafanaFolder, 'dashboards', name), 'utf8')) as Dashboard,
  ]);

/** Every InfluxQL query with where it is, those of variables included. */
export function influxQueries(): (readonly [where: string, query: string])[] {
  return dashboards.flatMap(([name, dashboard]) => [
    ...dashboard.templating.list.map(
      (variable) => [`${name}: $${variable.name}`, variable.query] as const,
    ),
    ...dashboard.panels.flatMap((panel) =>
      panel.targets.flatMap(({ query }) =>
        query === undefined ? [] : [[`${name}: ${panel.title}`, query] as const],
      ),
    ),
  ]);
}
