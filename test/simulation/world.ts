/**
 * From the source's interface to the store's in one process, on a virtual clock, with a seed:
 * devices, a worker that may be killed, a supervisor that may be killed, a disk and a store that
 * fail. A failing run prints its seed.
 */

import { JournalWriter } from '../../gateway/journal/writer.ts';
import { KnownDevice } from '../../gateway/pipeline/known-device.ts';
import { Pipeline } from '../../gateway/pipeline/pipeline.ts';
import { compileRules } from '../../gateway/pipeline/signal-check.ts';
import type { DeadLetter } from '../../gateway/shipping/dead-letters.ts';
import { Feeds } from '../../gateway/shipping/feeds.ts';
import { Shipper } from '../../gateway/shipping/shipper.ts';
import { MemoryStore } from '../../gateway/stores/memory.ts';
import type { LineBatch, Store, WriteResult } from '../../gateway/stores/store.ts';
import { sleep } from '../../model/clock.ts';
import { splitLines } from '../../model/line-protocol.ts';
import { type Random, seededRandom } from '../../model/random.ts';
import { type DiskProcess, FaultyDisk } from '../helpers/faulty-disk.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

export interface SimulatedDevice {
  readonly known: KnownDevice;
  readonly name: string;
  seq: number;
  readonly acked: Set<number>;
  /** Sent and not acknowledged: sent again with the same seq and timestamp. */
  readonly unacked: Map<number, string>;
}

const profile = {
  id: 'press',
  name: { zh: '冲压机', en: 'Press' },
  production: true,
  signals: [
    {
      id: 'power',
      name: { zh: '功率', en: 'Power' },
      unit: 'kW',
      ucum: 'kW',
      type: 'float' as const,
      range: [0, 1e9] as const,
    },
  ],
};
const rules = compileRules(profile);

/** The memory store behind a network and a server that fail. */
export class FaultyStore implements Store {
  readonly description = 'faulty memory';
  readonly preference = { linesInitial: 200, linesMax: 1000, concurrencyMax: 2 };
  readonly memory = new MemoryStore({ kind: 'memory', rowsMax: 1_000_000 });
  /** Probability that a write fails without, or after, being applied. */
  unavailable = 0;
  down = false;
  /** Lines that the server refuses: of this device. */
  poisonedDevice: string | null = null;
  readonly #random: Random;
  readonly #clock: VirtualClock;

  constructor(random: Random, clock: VirtualClock) {
    this.#random = random;
    this.#clock = clock;
  }

  async write(batch: LineBatch): Promise<WriteResult> {
    await sleep(this.#clock, this.#random.int(1, 80));
    if (this.down || this.#random.next() < this.unavailable / 2) {
      return { status: 'unavailable', reason: 'connection refused' };
    }
    const poison = (line: Buffer): boolean =>
      this.poisonedDevice !== null && line.includes(`device=${this.poisonedDevice},`);
    const good = splitLines(batch.lines).filter((line) => !poison(line));
    if (good.length > 0) {
      await this.memory.write({ lines: Buffer.concat(good), lineCount: good.length });
    }
    if (this.#random.next() < this.unavailable / 2) {
      return { status: 'unavailable', reason: 'the answer was lost' };
    }
    return good.length === batch.lineCount
      ? { status: 'stored' }
      : { status: 'refused', reason: 'partial write' };
  }

  start = async () => {};
  stop = async () => {};
  prune = async () => {};
  totals = (fromMs: number) => this.memory.totals(fromMs);
  readings = (query: Parameters<Store['readings']>[0]) => this.memory.readings(query);
  ledger = (query: Parameters<Store['ledger']>[0]) => this.memory.ledger(query);
}

/** A worker's life: one generation, until it is killed. */
interface WorkerLife {
  readonly generation: string;
  readonly pipeline: Pipeline;
  readonly process: DiskProcess;
  alive: boolean;
}

export class World {
  readonly seed: number;
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly disk: FaultyDisk;
  readonly store: FaultyStore;
  readonly letters = new Map<string, DeadLetter>();
  readonly devices: SimulatedDevice[];
  feeds!: Feeds;
  readonly #totalsPath: string;
  #worker: WorkerLife | null = null;
  #shipper: Shipper | null = null;
  #supervisorProcess: DiskProcess | null = null;
  #generations = 0;

  constructor(seed: number, totalsPath: string) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.disk = new FaultyDisk(this.random);
    this.store = new FaultyStore(this.random, this.clock);
    this.#totalsPath = totalsPath;
    this.devices = Array.from({ length: 8 }, (_, i) => ({
      name: `d${i}`,
      known: new KnownDevice({
        enterprise: 'acme',
        device: `d${i}`,
        profile: profile.id,
        district: 'wujin',
        industry: '34',
      }),
      seq: 0,
      acked: new Set(),
      unacked: new Map(),
    }));
  }

  get workerUp(): boolean {
    return this.#worker !== null;
  }

  get supervisorUp(): boolean {
    return this.#shipper !== null;
  }

  async startWorker(): Promise<void> {
    const generation = `w0-${++this.#generations}`;
    const process = this.disk.process();
    const journal = await JournalWriter.create({
      folder: '/journal',
      generation,
      segmentBytesMax: 4096,
      files: process,
    });
    process.faults = { write: 0.1, datasync: 0.005, truncate: 0.01 };
    const life: WorkerLife = {
      generation,
      process,
      alive: true,
      pipeline: new Pipeline({
        log: journal,
        clock: this.clock,
        rulesOf: () => rules,
        commitIntervalMs: 5,
        strict: false,
        readingAgeMsMax: 86_400_000,
        readingAheadMsMax: 300_000,
        onFatal: () => this.killWorker(),
      }),
    };
    this.#worker = life;
  }

  /** `kill -9` of the worker: what it had in memory is gone, what it says from now on is not heard. */
  killWorker(): void {
    if (this.#worker === null) return;
    this.#worker.alive = false;
    this.#worker.process.kill();
    this.#worker = null;
  }

  async startSupervisor(): Promise<void> {
    const process = this.disk.process();
    this.#supervisorProcess = process;
    this.feeds = new Feeds({
      folder: '/journal',
      totalsPath: this.#totalsPath,
      files: process,
      liveGenerations: () => new Set(this.#worker === null ? [] : [this.#worker.generation]),
      onDiscarded: (generation, { kind, reason }) => {
        if (kind === 'damaged') throw new Error(`${generation} damaged: ${reason}`);
      },
    });
    this.#shipper = new Shipper({
      feeds: this.feeds,
      store: this.store,
      deadLetters: { put: async (letters) => this.#keep(letters) },
      clock: this.clock,
      log: { info: () => {}, warn: () => {} },
      lingerMs: 50,
    });
    await this.#shipper.start();
  }

  /** `kill -9` of the supervisor; its workers go with it. */
  killSupervisor(): void {
    this.killWorker();
    this.#supervisorProcess?.kill();
    this.#supervisorProcess = null;
    void this.#shipper?.stop(0).catch(() => {});
    this.#shipper = null;
  }

  /** Ships what is left and ends, in order. */
  async drain(): Promise<void> {
    this.killWorker();
    const stopped = this.#shipper?.stop(600_000) ?? Promise.resolve();
    let done = false;
    void stopped.then(() => {
      done = true;
    });
    for (let i = 0; i < 5000 && !done; i++) await this.clock.advanceAsync(100);
    await stopped;
  }

  /** One device sends its next reading, or one again that was not acknowledged. */
  send(device: SimulatedDevice, kind: 'new' | 'again' | 'bad'): void {
    const worker = this.#worker;
    if (worker === null) return;
    let seq: number | undefined;
    let payload = '{"values":{"bogus":1}}';
    if (kind === 'again') [seq, payload] = [...device.unacked][0] ?? [undefined, payload];
    if (kind === 'new') {
      seq = ++device.seq;
      const ts = this.clock.nowMs() + seq;
      payload = JSON.stringify({ seq, ts, values: { power: seq } });
      device.unacked.set(seq, payload);
    }
    const sent = seq;
    worker.pipeline.submit({
      enterprise: 'acme',
      deviceId: device.name,
      device: device.known,
      channel: 'telemetry',
      topic: `onramp/v1/acme/${device.name}/telemetry`,
      content: Buffer.from(payload),
      bestEffort: false,
      excess: false,
      ackWaitMs: 5000,
      arrivedAtMs: this.clock.monotonicMs(),
      settle: (outcome) => {
        if (!worker.alive || outcome !== 'durable' || sent === undefined) return;
        device.acked.add(sent);
        device.unacked.delete(sent);
      },
    });
  }

  #keep(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      const { generation, segment, offset, stage, index } = letter;
      this.letters.set([generation, segment, offset, stage, index].join(':'), letter);
    }
  }
}
