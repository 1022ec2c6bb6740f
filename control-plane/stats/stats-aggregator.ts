import { GetStatsResponse, NodeStats, type PlaneRun, type PlaneStats, type ReportStatsRequest } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { PlaneFigures } from './plane-figures';
import { added, sumRuns } from './plane-runs';

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
    for (const plane of this.#planes.values()) sum = added(sum, plane.node(nodeId, this.#isFresh(plane)));
    return sum;
  }

  /** Plane id to what each of its processes counted. */
  runs(): Map<string, readonly PlaneRun[]> {
    return new Map([...this.#planes].map(([id, plane]) => [id, plane.runs(this.#isFresh(plane))]));
  }

  #isFresh(plane: PlaneFigures): boolean {
    return this.#options.clock.now() - plane.reportedAtMs <= this.#options.staleMs;
  }

  #forgetSilent(): void {
    const [first] = [...this.#planes.values()].sort((a, b) => a.reportedAtMs - b.reportedAtMs);
    if (first !== undefined) this.#planes.delete(first.planeId);
  }
}

/** The figures of planes, by id, and their sums. `runs`: what each process of a plane counted. */
export function sumStats(runs: Iterable<readonly PlaneRun[]>): GetStatsResponse {
  const planes = [...runs].map(sumRuns).sort((a, b) => (a.planeId < b.planeId ? -1 : 1));
  return GetStatsResponse.create({
    planes,
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
  for (const node of planes.flatMap((plane) => plane.nodes)) sums.set(node.nodeId, added(sums.get(node.nodeId), node));
  return [...sums.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}
