import { NodeStats, PlaneRun, PlaneStats, type Protocol, type ReportStatsRequest } from '../../proto';
import { LONG_AGO, added, sumRuns } from './plane-runs';

const MAX_PAST = 8;
/** Runs of the past that are kept apart, so that control planes which heard different ones can put them together. */
const MAX_RUNS = 4;
const MAX_NAMES = 5000;
const MAX_NODES = 20_000;
const MAX_NAME_LENGTH = 128;

/** One plane's figures: what earlier processes under its id counted, and the newest report of the living one. */
export class PlaneFigures {
  readonly planeId: string;
  readonly protocol: Protocol;
  #incarnation: string;
  #startMs: number;
  readonly #replaced: string[] = [];
  /** Oldest first; the very first may be all that were long ago. */
  #past: PlaneRun[] = [];
  #counters: ReadonlyMap<string, number> = new Map();
  #gauges: ReadonlyMap<string, number> = new Map();
  #nodes: ReadonlyMap<string, NodeStats> = new Map();
  #observedAt: Date | undefined;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(first: ReportStatsRequest) {
    this.planeId = first.planeId;
    this.protocol = first.protocol;
    this.#incarnation = first.incarnation;
    this.#startMs = first.startTime?.getTime() ?? 0;
  }

  /** When the last report came, by the clock, ms. */
  get reportedAtMs(): number {
    return this.#reportedAtMs;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** False: the report is of a process that another one has replaced, and was not taken. */
  take(report: ReportStatsRequest, nowMs: number): boolean {
    if (this.#replaced.includes(report.incarnation)) return false;
    const startMs = report.startTime?.getTime() ?? 0;
    if (report.incarnation !== this.#incarnation || startMs !== this.#startMs) this.#restart(report.incarnation);
    this.#startMs = startMs;
    this.#counters = bounded(report.counters);
    this.#gauges = bounded(report.gauges);
    this.#nodes = new Map(report.nodes.slice(0, MAX_NODES).map((node) => [node.nodeId, node]));
    this.#observedAt = report.observedAt;
    this.#reportedAtMs = nowMs;
    return true;
  }

  sessionsOf(nodeId: string): number {
    return this.#nodes.get(nodeId)?.activeSessions ?? 0;
  }

  /** Requests and failures of all its nodes since the first process of this id. */
  traffic(): { requests: number; failures: number } {
    let requests = 0;
    let failures = 0;
    for (const node of [...this.#past.flatMap(({ stats }) => stats?.nodes ?? []), ...this.#nodes.values()]) {
      requests += node.requests;
      failures += node.failures;
    }
    return { requests, failures };
  }

  /** Each process of this id. `fresh` false: the plane is silent, its gauges say nothing any more. */
  runs(fresh: boolean): PlaneRun[] {
    const nodes = [...this.#nodes.values()];
    const stats = this.#statsOf({
      observedAt: this.#observedAt,
      nodes: fresh ? nodes : nodes.map((node) => ({ ...node, activeSessions: 0 })),
      counters: new Map(this.#counters),
      gauges: fresh ? new Map(this.#gauges) : new Map(),
    });
    return [...this.#past, PlaneRun.create({ process: this.#process, stats })];
  }

  /** The part of one node in all runs. */
  node(nodeId: string, fresh: boolean): NodeStats {
    let sum = NodeStats.create({ nodeId });
    const now = this.#nodes.get(nodeId);
    if (now !== undefined) sum = { ...now, activeSessions: fresh ? now.activeSessions : 0 };
    for (const { stats } of this.#past) {
      const then = stats?.nodes.find((node) => node.nodeId === nodeId);
      if (then !== undefined) sum = added(sum, then);
    }
    return sum;
  }

  get #process(): string {
    return `${this.#incarnation} ${this.#startMs}`;
  }

  #statsOf(rest: Partial<PlaneStats>): PlaneStats {
    return PlaneStats.create({ planeId: this.planeId, protocol: this.protocol, ...rest });
  }

  #restart(incarnation: string): void {
    const [over] = this.runs(false).slice(-1);
    if (over !== undefined) this.#past.push(over);
    if (this.#past.length > MAX_RUNS) this.#past = this.#folded();
    if (incarnation === this.#incarnation) return;
    this.#replaced.unshift(this.#incarnation);
    this.#replaced.length = Math.min(this.#replaced.length, MAX_PAST);
    this.#incarnation = incarnation;
  }

  /** The two oldest runs become one, of at most so many nodes: ids that come and go for ever must not fill the memory. */
  #folded(): PlaneRun[] {
    const [first, second, ...rest] = this.#past;
    const two = [first, second].flatMap((run) => run ?? []);
    const { counters, nodes, observedAt } = sumRuns(two);
    const stats = this.#statsOf({ counters, nodes: nodes.slice(-MAX_NODES), observedAt });
    return [PlaneRun.create({ process: LONG_AGO, stats }), ...rest];
  }
}

function bounded(figures: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const kept = [...figures].filter(([name]) => name.length <= MAX_NAME_LENGTH).slice(0, MAX_NAMES);
  return new Map(kept);
}
