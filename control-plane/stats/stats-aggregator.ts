import { GetStatsResponse, NodeStats, type PlaneStats, type ReportStatsRequest } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { PlaneFigures } from './plane-figures';

export interface AggregatorOptions {
  readonly clock: Clock;
  /** Gauges of a plane that has not reported for this long count no more. */
  readonly staleMs: number;
}

const MAX_PLANES = 1000;

/** The figures of all planes: cumulative over their restarts, and their sums. */
export class StatsAggregator {
  readonly #options: AggregatorOptions;
  /** In order of first report since the last silence, longest silent first. */
  readonly #planes = new Map<string, PlaneFigures>();

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  /** False: not taken, the report is of a process that another one has replaced. */
  take(report: ReportStatsRequest): boolean {
    let figures = this.#planes.get(report.planeId);
    if (figures === undefined) {
      if (this.#planes.size >= MAX_PLANES) this.#forgetSilent();
      figures = new PlaneFigures(report);
      this.#planes.set(report.planeId, figures);
    }
    return figures.take(report, this.#options.clock.now());
  }

  of(planeId: string): PlaneFigures | undefined {
    return this.#planes.get(planeId);
  }

  /** One node, summed over planes. */
  node(nodeId: string): NodeStats {
    let sum = NodeStats.create({ nodeId });
    for (const plane of this.#planes.values()) sum = sumOf(sum, plane.node(nodeId, this.#isFresh(plane)));
    return sum;
  }

  snapshot(): GetStatsResponse {
    const planes = [...this.#planes.values()]
      .map((plane) => plane.total(this.#isFresh(plane)))
      .sort((a, b) => (a.planeId < b.planeId ? -1 : 1));
    return sumStats(planes);
  }

  #isFresh(plane: PlaneFigures): boolean {
    return this.#options.clock.now() - plane.reportedAtMs <= this.#options.staleMs;
  }

  #forgetSilent(): void {
    const [first] = [...this.#planes.values()].sort((a, b) => a.reportedAtMs - b.reportedAtMs);
    if (first !== undefined) this.#planes.delete(first.planeId);
  }
}

/** The figures of planes, with their sums. */
export function sumStats(planes: readonly PlaneStats[]): GetStatsResponse {
  return GetStatsResponse.create({
    planes: [...planes],
    nodes: sumNodes(planes),
    counters: sumMaps(planes.map((plane) => plane.counters)),
    gauges: sumMaps(planes.map((plane) => plane.gauges)),
  });
}

function sumMaps(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const map of maps) for (const [name, value] of map) sum.set(name, (sum.get(name) ?? 0) + value);
  return sum;
}

function sumNodes(planes: readonly PlaneStats[]): NodeStats[] {
  const sums = new Map<string, NodeStats>();
  for (const node of planes.flatMap((plane) => plane.nodes)) {
    const old = sums.get(node.nodeId);
    sums.set(node.nodeId, old === undefined ? node : sumOf(old, node));
  }
  return [...sums.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

function sumOf(a: NodeStats, b: NodeStats): NodeStats {
  return {
    nodeId: a.nodeId,
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    activeSessions: a.activeSessions + b.activeSessions,
  };
}
