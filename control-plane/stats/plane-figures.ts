import { NodeStats, PlaneStats, type Protocol, type ReportStatsRequest } from '../../proto';

/** Sums of a node; `activeSessions` is a gauge and not among them. */
type NodeSums = Pick<NodeStats, 'requests' | 'failures' | 'bytesIn' | 'bytesOut'>;

const MAX_PAST = 8;
const MAX_NAMES = 5000;
const MAX_NODES = 20_000;
const MAX_NAME_LENGTH = 128;

/** One plane's figures: what earlier processes under its id counted, and the newest report of the living one. */
export class PlaneFigures {
  readonly planeId: string;
  readonly protocol: Protocol;
  #incarnation: string;
  #startMs: number;
  readonly #past: string[] = [];
  readonly #baseCounters = new Map<string, number>();
  readonly #baseNodes = new Map<string, NodeSums>();
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
    if (this.#past.includes(report.incarnation)) return false;
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
    for (const sums of [...this.#baseNodes.values(), ...this.#nodes.values()]) {
      requests += sums.requests;
      failures += sums.failures;
    }
    return { requests, failures };
  }

  /** Everything since the first process of this id. `fresh` false: the plane is silent, its gauges say nothing any more. */
  total(fresh: boolean): PlaneStats {
    const ids = new Set([...this.#baseNodes.keys(), ...this.#nodes.keys()]);
    const counters = new Map(this.#baseCounters);
    for (const [name, value] of this.#counters) counters.set(name, (counters.get(name) ?? 0) + value);
    return PlaneStats.create({
      planeId: this.planeId,
      protocol: this.protocol,
      observedAt: this.#observedAt,
      nodes: [...ids].sort().map((id) => this.node(id, fresh)),
      counters,
      gauges: fresh ? new Map(this.#gauges) : new Map(),
    });
  }

  /** The part of one node in `total`. */
  node(nodeId: string, fresh: boolean): NodeStats {
    const now = this.#nodes.get(nodeId);
    const sums = added(this.#baseNodes.get(nodeId), now);
    return NodeStats.create({ nodeId, ...sums, activeSessions: fresh ? (now?.activeSessions ?? 0) : 0 });
  }

  #restart(incarnation: string): void {
    if (incarnation !== this.#incarnation) {
      this.#past.unshift(this.#incarnation);
      this.#past.length = Math.min(this.#past.length, MAX_PAST);
      this.#incarnation = incarnation;
    }
    for (const [name, value] of this.#counters) {
      this.#baseCounters.set(name, (this.#baseCounters.get(name) ?? 0) + value);
    }
    for (const [id, node] of this.#nodes) {
      // The oldest go first: ids that come and go for ever must not fill the memory.
      const sums = added(this.#baseNodes.get(id), node);
      this.#baseNodes.delete(id);
      this.#baseNodes.set(id, sums);
    }
    for (const id of this.#baseNodes.keys()) {
      if (this.#baseNodes.size <= MAX_NODES) break;
      this.#baseNodes.delete(id);
    }
  }
}

function added(a: NodeSums | undefined, b: NodeSums | undefined): NodeSums {
  return {
    requests: (a?.requests ?? 0) + (b?.requests ?? 0),
    failures: (a?.failures ?? 0) + (b?.failures ?? 0),
    bytesIn: (a?.bytesIn ?? 0) + (b?.bytesIn ?? 0),
    bytesOut: (a?.bytesOut ?? 0) + (b?.bytesOut ?? 0),
  };
}

function bounded(figures: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const kept = [...figures].filter(([name]) => name.length <= MAX_NAME_LENGTH).slice(0, MAX_NAMES);
  return new Map(kept);
}
