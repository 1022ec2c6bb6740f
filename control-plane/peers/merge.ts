import { toMs, type GetStatsResponse, type PlaneStats, type PlaneStatus } from '../../proto';
import type { PlaneProgress } from '../registry';
import { sumStats } from '../stats';
import type { PeerView } from './peer-views';

/** The planes of all control planes, by id: one that moved is where it is connected, else where it was last. */
export function mergePlanes(own: readonly PlaneStatus[], views: readonly PeerView[]): PlaneStatus[] {
  const merged = new Map<string, PlaneStatus>();
  const theirs = views.flatMap(({ view }) => view.planes.flatMap(({ status }) => status ?? []));
  for (const status of [...own, ...theirs]) {
    const known = merged.get(status.planeId);
    if (known === undefined || isNewer(status, known)) merged.set(status.planeId, status);
  }
  return [...merged.values()].sort((a, b) => (a.planeId < b.planeId ? -1 : 1));
}

/** The figures of all control planes. A plane that moved is known at several: its figures only grow, so the greatest counts. */
export function mergeStats(own: GetStatsResponse, views: readonly PeerView[]): GetStatsResponse {
  const merged = new Map(own.planes.map((plane) => [plane.planeId, plane]));
  for (const stats of views.flatMap(({ view }) => view.planes.flatMap((plane) => plane.stats ?? []))) {
    const known = merged.get(stats.planeId);
    merged.set(stats.planeId, known === undefined ? stats : greatest(known, stats));
  }
  return sumStats([...merged.values()]);
}

/** What drains must know of planes at other control planes. */
export function progressElsewhere(views: readonly PeerView[]): PlaneProgress[] {
  return views.flatMap(({ view, askedAtMs }) =>
    view.planes.flatMap(({ status, answeredIndex, stats, reportAge }) => {
      if (status?.connected !== true) return [];
      const nodes = new Map(stats?.nodes.map((node) => [node.nodeId, node.activeSessions]));
      return {
        key: `${status.planeId}/${status.incarnation}`,
        answeredIndex,
        reportedAtMs: reportAge === undefined ? Number.NEGATIVE_INFINITY : askedAtMs - toMs(reportAge),
        sessionsOf: (nodeId: string) => nodes.get(nodeId) ?? 0,
      };
    }),
  );
}

function isNewer(a: PlaneStatus, b: PlaneStatus): boolean {
  if (a.connected !== b.connected) return a.connected;
  return (a.ackedAt?.getTime() ?? 0) > (b.ackedAt?.getTime() ?? 0);
}

/** Gauges and sessions are of the newer report, sums the greater of both. */
function greatest(a: PlaneStats, b: PlaneStats): PlaneStats {
  const [newer, older] = (a.observedAt?.getTime() ?? 0) >= (b.observedAt?.getTime() ?? 0) ? [a, b] : [b, a];
  const nodes = new Map(older.nodes.map((node) => [node.nodeId, { ...node, activeSessions: 0 }]));
  for (const node of newer.nodes) {
    const other = nodes.get(node.nodeId);
    nodes.set(node.nodeId, {
      nodeId: node.nodeId,
      requests: Math.max(node.requests, other?.requests ?? 0),
      failures: Math.max(node.failures, other?.failures ?? 0),
      bytesIn: Math.max(node.bytesIn, other?.bytesIn ?? 0),
      bytesOut: Math.max(node.bytesOut, other?.bytesOut ?? 0),
      activeSessions: node.activeSessions,
    });
  }
  const counters = new Map(older.counters);
  for (const [name, value] of newer.counters) counters.set(name, Math.max(value, counters.get(name) ?? 0));
  return { ...newer, nodes: [...nodes.values()], counters };
}
