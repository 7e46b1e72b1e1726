/** CPU and memory of the processes of a run, from `/proc` (Linux; elsewhere unknown). */

import { readFileSync } from 'node:fs';
import type { Clock, Timer } from '../../model/clock.ts';
import type { ProcessResources } from '../../model/report.ts';

interface Sample {
  readonly cpuS: number;
  readonly rssBytes: number;
}

/** Kernel ticks per second of `/proc/[pid]/stat` (proc(5): USER_HZ, 100 on Linux). */
const ticksPerSecond = 100;
const sampleMs = 1000;

/** Null when the process is gone or there is no `/proc`. */
function sample(pid: number): Sample | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return {
      cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      rssBytes: Number(rss?.[1] ?? 0) * 1024,
    };
  } catch {
    return null;
  }
}

/** Watches groups of processes over a window. */
export class ResourceMeter {
  readonly #groups: Readonly<Record<string, readonly number[]>>;
  readonly #begin = new Map<string, number>();
  readonly #last = new Map<string, number>();
  readonly #rssMax = new Map<string, number>();
  readonly #timer: Timer;

  /** Begins the window. `groups`: process ids by name. */
  constructor(groups: Readonly<Record<string, readonly number[]>>, clock: Clock) {
    this.#groups = groups;
    for (const [name, total] of this.#totals()) this.#begin.set(name, total.cpuS);
    this.#timer = clock.every(sampleMs, () => this.#take());
    this.#take();
  }

  /** Ends the window. */
  end(): Record<string, ProcessResources | null> {
    this.#take();
    this.#timer.cancel();
    return Object.fromEntries(
      Object.keys(this.#groups).map((name) => {
        const [begin, last] = [this.#begin.get(name), this.#last.get(name)];
        if (begin === undefined || last === undefined) return [name, null];
        return [name, { cpuS: last - begin, rssBytesMax: this.#rssMax.get(name) ?? 0 }];
      }),
    );
  }

  #take(): void {
    for (const [name, { cpuS, rssBytes }] of this.#totals()) {
      this.#last.set(name, cpuS);
      this.#rssMax.set(name, Math.max(this.#rssMax.get(name) ?? 0, rssBytes));
    }
  }

  *#totals(): Generator<[string, Sample]> {
    for (const [name, pids] of Object.entries(this.#groups)) {
      const samples = pids.map(sample);
      if (samples.length === 0 || samples.includes(null)) continue;
      const total = { cpuS: 0, rssBytes: 0 };
      for (const one of samples as Sample[]) {
        total.cpuS += one.cpuS;
        total.rssBytes += one.rssBytes;
      }
      yield [name, total];
    }
  }
}
