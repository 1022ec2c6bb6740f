import { PlaneRun, PlaneStats, type NodeStats } from '../../proto';

/** The process of runs that are too long ago to be kept apart. */
export const LONG_AGO = '';

/** All runs of one plane as one: sums of all, gauges and sessions of the newest. Empty for none. */
export function sumRuns(runs: readonly PlaneRun[]): PlaneStats {
  const newest = runs.reduce<PlaneRun | undefined>((best, run) => (isNewer(run, best) ? run : best), undefined);
  const counters = new Map<string, number>();
  const nodes = new Map<string, NodeStats>();
  for (const run of runs) {
    for (const [name, value] of run.stats?.counters ?? []) counters.set(name, (counters.get(name) ?? 0) + value);
    for (const node of run.stats?.nodes ?? []) {
      const activeSessions = run === newest ? node.activeSessions : 0;
      nodes.set(node.nodeId, added(nodes.get(node.nodeId), { ...node, activeSessions }));
    }
  }
  const stats = newest?.stats ?? PlaneStats.create({});
  return { ...stats, counters, nodes: [...nodes.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)) };
}

/** What two control planes know of one plane: of each of its processes the greater sums, since they only grow, and the newer gauges. */
export function unitedRuns(a: readonly PlaneRun[], b: readonly PlaneRun[]): PlaneRun[] {
  const united = new Map(a.map((run) => [run.process, run]));
  for (const run of b) {
    const known = united.get(run.process);
    united.set(run.process, known === undefined ? run : greatest(known, run));
  }
  return [...united.values()];
}

/** Sums of a node; sessions too. */
export function added(a: NodeStats | undefined, b: NodeStats): NodeStats {
  if (a === undefined) return b;
  return {
    nodeId: b.nodeId,
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    activeSessions: a.activeSessions + b.activeSessions,
  };
}

function greatest(a: PlaneRun, b: PlaneRun): PlaneRun {
  const [newer, older] = isNewer(b, a) ? [b, a] : [a, b];
  const stats = newer.stats ?? PlaneStats.create({});
  const nodes = new Map(older.stats?.nodes.map((node) => [node.nodeId, { ...node, activeSessions: 0 }]));
  for (const node of stats.nodes) nodes.set(node.nodeId, greater(nodes.get(node.nodeId), node));
  const counters = new Map(older.stats?.counters);
  for (const [name, value] of stats.counters) counters.set(name, Math.max(value, counters.get(name) ?? 0));
  return PlaneRun.create({ process: a.process, stats: { ...stats, nodes: [...nodes.values()], counters } });
}

function greater(a: NodeStats | undefined, b: NodeStats): NodeStats {
  return {
    nodeId: b.nodeId,
    requests: Math.max(b.requests, a?.requests ?? 0),
    failures: Math.max(b.failures, a?.failures ?? 0),
    bytesIn: Math.max(b.bytesIn, a?.bytesIn ?? 0),
    bytesOut: Math.max(b.bytesOut, a?.bytesOut ?? 0),
    activeSessions: b.activeSessions,
  };
}

/** The living process reports; one that is over was observed earlier. */
function isNewer(run: PlaneRun, than: PlaneRun | undefined): boolean {
  return than === undefined || observedAt(run) >= observedAt(than);
}

function observedAt({ stats }: PlaneRun): number {
  return stats?.observedAt?.getTime() ?? 0;
}
