import { toMs, type GetStatsResponse, type PlaneRun, type PlaneStatus } from '../../proto';
import type { PlaneProgress } from '../registry';
import { sumRuns, sumStats, unitedRuns } from '../stats';
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

/** The figures of all control planes. `own`: plane id to what each of its processes counted. A process may be known at several. */
export function mergeStats(
  own: ReadonlyMap<string, readonly PlaneRun[]>,
  views: readonly PeerView[],
): GetStatsResponse {
  const merged = new Map(own);
  for (const { runs } of views.flatMap(({ view }) => view.planes)) {
    const planeId = runs[0]?.stats?.planeId;
    if (planeId !== undefined) merged.set(planeId, unitedRuns(merged.get(planeId) ?? [], runs));
  }
  return sumStats(merged.values());
}

/** What drains must know of planes at other control planes. */
export function progressElsewhere(views: readonly PeerView[]): PlaneProgress[] {
  return views.flatMap(({ view, askedAtMs }) =>
    view.planes.flatMap(({ status, answeredIndex, runs, reportAge }) => {
      if (status?.connected !== true) return [];
      const nodes = new Map(sumRuns(runs).nodes.map((node) => [node.nodeId, node.activeSessions]));
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
