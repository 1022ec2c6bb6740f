import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

interface Report {
  readonly latencies: readonly number[];
  /** Statuses of submits that were refused. */
  readonly failures: readonly number[];
  /** Sessions that are still open. */
  readonly open: number;
  readonly unanswered: number;
}

export interface Quantiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The well-behaved ESMEs as a process of their own. */
export class SteadyLoad {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `rate`: submits a second over all sessions. Resolves when all are bound. */
  static async start(address: string, { sessions, rate }: { sessions: number; rate: number }): Promise<SteadyLoad> {
    const child = fork(path.join(__dirname, 'steady.js'), [address, String(sessions), String(rate)]);
    await once(child, 'message');
    return new SteadyLoad(child);
  }

  /** What happened since the last report. */
  async report(): Promise<Report> {
    this.#child.send({ report: true });
    const [report] = (await once(this.#child, 'message')) as [Report];
    return report;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

export function quantilesOf(latencies: readonly number[]): Quantiles {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
