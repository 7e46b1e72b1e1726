/** The API over a real registry, real dead letters and the memory store, in a folder of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { ApiContext, ReplayReport, ReplayRequest } from '../../../gateway/api/context.ts';
import { buildApi } from '../../../gateway/api/server.ts';
import { type GatewaySettingsInput, parseSettings } from '../../../gateway/config.ts';
import { openRegistry } from '../../../gateway/registry/sqlite.ts';
import { type DeadLetter, DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import type { GatewayStatus } from '../../../gateway/status.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';
import type { Store } from '../../../gateway/stores/store.ts';
import { systemClock } from '../../../model/clock.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

export const token = 'a-token-of-the-operator-0123456789';

const latency = { p50: 120, p90: 300, p99: 950, p999: 1800, max: 2100, count: 4000 };

/** A status in which every number is another one. */
export function testStatus(nowMs: number): GatewayStatus {
  return {
    simulated: false,
    startedAtMs: nowMs - 60_000,
    nowMs,
    readings: {
      received: 1000,
      stored: 900,
      deadLettered: 31,
      waiting: 42,
      withheld: 17,
      dropped: 10,
      refusedFields: 23,
    },
    rates: { received: 100, stored: 99, connects: 3 },
    sessions: 512,
    refusals: { 'connect.bad-credentials': 7, 'signal.out-of-range': 21 },
    workers: [
      {
        index: 0,
        pid: 4242,
        generation: 'w0-1',
        sessions: 512,
        connects: 600,
        disconnects: 88,
        waiting: 5,
        blocked: false,
        rssBytes: 180_000_000,
        cpuS: 12.5,
        commits: 321,
      },
    ],
    workerRestarts: 2,
    shipper: {
      unavailable: null,
      writes: 77,
      retries: 6,
      linesPerWrite: 5000,
      writeMs: { ...latency, p50: 40 },
      storedMs: latency,
    },
    journal: {
      unshippedBytes: 123_456,
      bytesMax: 4_294_967_296,
      diskFreeBytes: 99_000_000_000,
      secondsUntilFull: null,
    },
    store: 'memory',
    addresses: [{ source: 'mqtt', port: 1883, tlsPort: null }],
    supervisor: { pid: 4241, rssBytes: 150_000_000, cpuS: 3.25 },
    notReady: [],
  };
}

export interface ApiWorldOptions {
  readonly settings?: GatewaySettingsInput;
  readonly host?: string;
  readonly store?: Store;
  /** Folder of the built pages; none unless given. */
  readonly pages?: string;
}

export class ApiWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'onramp-api-'));
  readonly clock = new VirtualClock();
  readonly context: ApiContext;
  readonly app: FastifyInstance;
  readonly replays: ReplayRequest[] = [];
  /** What replays answer, one after the other; then three tried and no more. */
  readonly replayReports: ReplayReport[] = [];
  status: GatewayStatus = testStatus(this.clock.nowMs());
  statusCalls = 0;

  constructor(options: ApiWorldOptions = {}) {
    this.context = {
      settings: parseSettings({ data: this.folder, logLevel: 'silent', ...options.settings }),
      clock: this.clock,
      registry: openRegistry({
        path: join(this.folder, 'registry.db'),
        clock: systemClock,
        sealKey: Buffer.alloc(32, 1),
      }),
      store: options.store ?? new MemoryStore({ kind: 'memory', rowsMax: 100_000 }),
      deadLetters: new DeadLetters(join(this.folder, 'dead-letters.db')),
      operatorToken: token,
      fleetKey: () => Buffer.alloc(32, 7),
      status: () => {
        this.statusCalls += 1;
        return this.status;
      },
      replay: async (request) => {
        this.replays.push(request);
        return this.replayReports.shift() ?? { tried: 3, stored: 2, refusedAgain: 1, next: null };
      },
    };
    this.app = buildApi(
      this.context,
      options.host ?? '127.0.0.1',
      options.pages ?? join(this.folder, 'no-pages'),
    );
  }

  /** A request with the token. */
  ask(method: 'GET' | 'POST', url: string, options: Omit<InjectOptions, 'method' | 'url'> = {}) {
    return this.app.inject({
      method,
      url,
      ...options,
      headers: { authorization: `Bearer ${token}`, ...options.headers },
    });
  }

  /** Writes lines into the store. */
  async store(...lines: readonly string[]): Promise<void> {
    const result = await this.context.store.write({
      lines: Buffer.from(lines.map((line) => `${line}\n`).join('')),
      lineCount: lines.length,
    });
    if (result.status !== 'stored') throw new Error(JSON.stringify(result));
  }

  async close(): Promise<void> {
    await this.app.close();
    this.context.registry.close();
    this.context.deadLetters.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A dead letter; letters of different `index` are different letters. */
export function letter(index: number, change: Partial<DeadLetter> = {}): DeadLetter {
  return {
    generation: 'w0-1',
    segment: 1,
    offset: 0,
    stage: 'check',
    index,
    readings: 1,
    atMs: 1_767_225_600_000 + index,
    enterprise: 'acme',
    device: 'press-1',
    profile: 'generic',
    code: 'signal.out-of-range',
    detail: `letter ${index}`,
    scope: 'reading',
    topic: 'onramp/v1/acme/press-1/telemetry',
    payload: '{"values":{"force":9}}',
    payloadEncoding: 'utf8',
    ...change,
  };
}
