/** The API over a real registry, real dead letters and the memory store, in a folder of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastifyInstance, fastify, type InjectOptions } from 'fastify';
import { expect } from 'vitest';
import type { ApiContext, ReplayReport, ReplayRequest } from '../../../gateway/api/context.ts';
import { problemSchema } from '../../../gateway/api/errors.ts';
import { openApiRoutes } from '../../../gateway/api/openapi.ts';
import type { Declared, Method } from '../../../gateway/api/route.ts';
import { resources } from '../../../gateway/api/routes.ts';
import { buildApi } from '../../../gateway/api/server.ts';
import { type GatewaySettingsInput, parseSettings } from '../../../gateway/config.ts';
import { SupervisedCommands } from '../../../gateway/device-commands/supervised-commands.ts';
import type { DeviceEventHub } from '../../../gateway/device-events/device-event.ts';
import { offlineOnboarding } from '../../../gateway/onboarding/offline-onboarding.ts';
import type { OnboardingCounts, PlaceCounts } from '../../../gateway/onboarding/onboarding.ts';
import type { ToWorker } from '../../../gateway/processes/messages.ts';
import type { Registry } from '../../../gateway/registry/registry.ts';
import { openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import type { Role } from '../../../gateway/registry/tokens.ts';
import { type DeadLetter, DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import type { GatewayStatus } from '../../../gateway/status/status.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';
import type { Store } from '../../../gateway/stores/store.ts';
import type { Endpoint } from '../../../gateway/trials/endpoint.ts';
import type { Clock } from '../../../model/clock.ts';
import { LatencyHistogram } from '../../../model/histogram.ts';
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
    onboarding: null,
  };
}

export interface ApiWorldOptions {
  readonly settings?: GatewaySettingsInput;
  readonly host?: string;
  readonly store?: Store;
  /** Folder of the built pages; none unless given. */
  readonly pages?: string;
}

/** What the API tells a running gateway, and what that knows. */
export class WatchedOnboarding {
  /** `identity …`, `directory …`, `limits …`, `profile …`, in their order. */
  readonly told: string[] = [];
  readonly online = new Set<string>();
  known: OnboardingCounts | null = null;
  readonly knownOf = new Map<string, PlaceCounts>();
  events: DeviceEventHub | null = null;
  readonly change;
  readonly changeMany;

  constructor(registry: Registry, clock: Clock) {
    ({ change: this.change, changeMany: this.changeMany } = offlineOnboarding(registry, clock));
  }

  identityChanged(keys: readonly string[], code?: string): void {
    this.told.push(['identity', ...keys, ...(code === undefined ? [] : [code])].join(' '));
  }
  directoryChanged(keys?: readonly string[]): void {
    this.told.push(`directory ${keys?.join(' ') ?? 'all'}`);
  }
  limitsChanged(enterprise: string): void {
    this.told.push(`limits ${enterprise}`);
  }
  profileChanged(profile: string): void {
    this.told.push(`profile ${profile}`);
  }
  counts(): OnboardingCounts | null {
    return this.known;
  }
  countsOf(enterprise: string): PlaceCounts | null {
    return this.knownOf.get(enterprise) ?? null;
  }
  isOnline(enterprise: string, device: string): boolean {
    return this.online.has(`${enterprise}.${device}`);
  }
}

export class ApiWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'onramp-api-'));
  readonly clock = new VirtualClock();
  readonly context: ApiContext;
  readonly app: FastifyInstance;
  readonly onboarding: WatchedOnboarding;
  /** Answers that were not what their route declares. */
  readonly undeclared: string[] = [];
  readonly replays: ReplayRequest[] = [];
  /** What replays answer, one after the other; then three tried and no more. */
  readonly replayReports: ReplayReport[] = [];
  endpoint: Endpoint = {
    mqtt: { host: '10.0.0.5', port: 1883, tlsPort: null, tls: null },
    apiUrl: 'http://10.0.0.5:8080',
    notes: [],
  };
  status: GatewayStatus = testStatus(this.clock.nowMs());
  statusCalls = 0;
  readonly commands: SupervisedCommands;
  /** What the worker that has everybody's session is told. */
  readonly sent: ToWorker[] = [];
  readonly storedMs = new LatencyHistogram();

  constructor(options: ApiWorldOptions = {}) {
    const registry = openRegistry({
      path: join(this.folder, 'registry.db'),
      clock: this.clock,
      sealKey: Buffer.alloc(32, 1),
    });
    this.onboarding = new WatchedOnboarding(registry, this.clock);
    this.commands = new SupervisedCommands({
      clock: this.clock,
      workerOf: (client) => (this.onboarding.online.has(client) ? 0 : null),
      send: (_worker, message) => this.sent.push(message),
      trail: registry.lives,
    });
    this.context = {
      settings: parseSettings({ data: this.folder, logLevel: 'silent', ...options.settings }),
      clock: this.clock,
      registry,
      onboarding: this.onboarding,
      commands: this.commands,
      store: options.store ?? new MemoryStore({ kind: 'memory', rowsMax: 100_000 }),
      deadLetters: new DeadLetters(join(this.folder, 'dead-letters.db')),
      operatorToken: token,
      fleetKey: () => Buffer.alloc(32, 7),
      endpoint: () => this.endpoint,
      status: () => {
        this.statusCalls += 1;
        return this.status;
      },
      storedMsSinceStart: () => this.storedMs,
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
    this.#checkAnswers();
  }

  /** Every JSON answer is held against what its route declares. */
  #checkAnswers(): void {
    this.app.addHook('onSend', async (request, reply, payload) => {
      const declared = request.routeOptions.config.declared;
      const type = String(reply.getHeader('content-type')).split(';')[0]!;
      if (declared === undefined || typeof payload !== 'string' || !type.includes('json')) return;
      const schema =
        declared.answers[reply.statusCode]?.content[type] ??
        (reply.statusCode >= 400 ? problemSchema : null);
      const { error } = schema?.safeParse(JSON.parse(payload)) ?? { error: 'no such answer' };
      if (error === undefined) return;
      this.undeclared.push(`${declared.method} ${declared.url} ${reply.statusCode}: ${error}`);
    });
  }

  /** A token that the registry knows. */
  async issue(role: Role, enterprise: string | null = null): Promise<string> {
    const expiresAtMs = this.clock.nowMs() + 3_600_000;
    const token = { role, enterprise, name: role, expiresAtMs };
    return (await this.context.registry.tokens.issue(token, 'operator')).text;
  }

  /** A request with the operator's token. */
  ask(method: Method, url: string, options: Omit<InjectOptions, 'method' | 'url'> = {}) {
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
    expect(this.undeclared).toEqual([]);
    await this.app.close();
    await this.context.registry.close();
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

/** What every route of the API declares, in the order of their addresses. */
export async function declaredRoutes(world: ApiWorld): Promise<Declared[]> {
  const declared: Declared[] = [];
  const app = fastify();
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method === 'HEAD') return;
    if (config?.declared === undefined) throw new Error(`${method} ${url} is not declared`);
    declared.push(config.declared);
  });
  openApiRoutes(app, declared);
  for (const resource of resources) resource(app, world.context);
  await app.ready();
  await app.close();
  return declared.sort((a, b) => (a.url < b.url ? -1 : 1));
}
