/** CPU and memory of the processes of a run by group, from `/proc` (Linux; elsewhere unknown). */

import { readFileSync } from 'node:fs';
import type { ProcessResources } from '../../model/report.ts';
import { type ProcessGroup, processGroups } from './report-shape.ts';

/** Of one process, since its start. */
export interface Usage {
  readonly cpuS: number;
  readonly rssBytes: number;
}

/** Of a group, since the first look; `busiestCpuS`: of one process, since the look before. */
export interface GroupUsage extends Usage {
  readonly busiestCpuS: number;
}

export type Usages = Readonly<Record<ProcessGroup, GroupUsage | null>>;

/** Kernel ticks per second of `/proc/[pid]/stat` (proc(5): USER_HZ, 100 on Linux). */
const ticksPerSecond = 100;

/** Null when the process is gone or there is no `/proc`. */
export function usageOf(pid: number): Usage | null {
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

/** The processes of each group at a moment; some may die and others take their place. */
export type ProcessIds = () => Readonly<Record<ProcessGroup, readonly number[]>>;

/**
 * Looks at groups of processes again and again. What a process has used counts on when it is gone,
 * up to the last look at it.
 */
export class ResourceMeter {
  readonly #pids: ProcessIds;
  readonly #usage: (pid: number) => Usage | null;
  readonly #lastCpuS = new Map<number, number>();
  readonly #cpuS = new Map<ProcessGroup, number>();
  readonly #rssMax = new Map<ProcessGroup, number>();
  #atBegin: ReadonlyMap<ProcessGroup, number> | null = null;

  constructor(pids: ProcessIds, usage = usageOf) {
    this.#pids = pids;
    this.#usage = usage;
  }

  /** Usage of each group; null for one of which no process can be seen. */
  look(): Usages {
    const pids = this.#pids();
    const usages = processGroups.map((group) => [group, this.#lookAt(group, pids[group])] as const);
    return Object.fromEntries(usages) as Record<ProcessGroup, GroupUsage | null>;
  }

  /** The window whose resources are asked for begins now. */
  begin(): void {
    this.look();
    this.#atBegin = new Map(this.#cpuS);
    this.#rssMax.clear();
    this.look();
  }

  get begun(): boolean {
    return this.#atBegin !== null;
  }

  /** Of the window until now; empty when it has not begun. */
  window(): Record<string, ProcessResources | null> {
    const begin = this.#atBegin;
    if (begin === null) return {};
    this.look();
    const used = processGroups.map((group) => {
      const [from, to] = [begin.get(group), this.#cpuS.get(group)];
      if (from === undefined || to === undefined) return [group, null];
      return [group, { cpuS: to - from, rssBytesMax: this.#rssMax.get(group) ?? 0 }];
    });
    return Object.fromEntries(used);
  }

  #lookAt(group: ProcessGroup, pids: readonly number[]): GroupUsage | null {
    let rssBytes = 0;
    let seen = false;
    let grownS = 0;
    let busiestCpuS = 0;
    for (const pid of pids) {
      const usage = this.#usage(pid);
      if (usage === null) continue;
      seen = true;
      rssBytes += usage.rssBytes;
      const grown = Math.max(0, usage.cpuS - (this.#lastCpuS.get(pid) ?? 0));
      grownS += grown;
      busiestCpuS = Math.max(busiestCpuS, grown);
      this.#lastCpuS.set(pid, usage.cpuS);
    }
    const cpuS = (this.#cpuS.get(group) ?? 0) + grownS;
    if (!seen) return null;
    this.#cpuS.set(group, cpuS);
    this.#rssMax.set(group, Math.max(this.#rssMax.get(group) ?? 0, rssBytes));
    return { cpuS, rssBytes, busiestCpuS };
  }
}
