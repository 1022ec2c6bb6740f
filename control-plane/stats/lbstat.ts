import type { GetStatsResponse, NodeStats, PlaneStats } from '../../proto';

export interface LbstatInput {
  readonly stats: GetStatsResponse;
  /** Nodes that are ACTIVE. */
  readonly activeNodes: number;
  readonly version: string;
  readonly cpuPercent: number;
  readonly heapBytes: number;
}

type Figures = ReadonlyMap<string, number>;

/**
 * The page `/lbstat`: every figure of the guides (1.12 Getting statistic), summed over planes, under the predecessor's names where it
 * had one. `JvmCpuUsage` and `JvmHeapSize` are this process's; those of planes are gauges. `missingControlPlanes` did not answer: figures
 * of their planes may be missing.
 */
export function lbstat({ stats, activeNodes, version, cpuPercent, heapBytes }: LbstatInput): unknown {
  return {
    Metrics: {
      releaseName: 'triplane',
      releaseVersion: version,
      activeNodes,
      JvmCpuUsage: cpuPercent,
      JvmHeapSize: heapBytes,
      ...sipFigures(stats),
      ...httpFigures(stats),
      ...smppFigures(stats),
      missingControlPlanes: stats.missingControlPlanes,
      nodes: Object.fromEntries(stats.nodes.map((node) => [node.nodeId, nodeFigures(node)])),
      planes: Object.fromEntries(stats.planes.map((plane) => [plane.planeId, planeFigures(plane)])),
      counters: sorted(stats.counters),
      gauges: sorted(stats.gauges),
    },
  };
}

function sipFigures({ counters, gauges }: GetStatsResponse): Record<string, unknown> {
  const requests = byLast(counters, /^sip\.(?:external|internal)\.requests\.([^.]+)$/);
  const responses = byLast(counters, /^sip\.(?:external|internal)\.responses\.([^.]+)$/);
  return {
    NumberOfRequestsProcessed: sum(requests),
    NumberOfResponsesProcessed: sum(responses),
    NumberOfBytesTransferred: counters.get('sip.bytes.in') ?? 0,
    NumberOfRequestsProcessedByMethod: requests,
    NumberOfResponsesProcessedByStatusCode: responses,
    NumberOfActiveSipConnections: gauges.get('sip.connections') ?? 0,
    NumberOfActiveCalls: gauges.get('sip.calls') ?? 0,
  };
}

function httpFigures({ counters, gauges }: GetStatsResponse): Record<string, unknown> {
  const requests = byLast(counters, /^http\.requests\.([^.]+)$/);
  return {
    NumberOfHttpRequests: sum(requests),
    NumberOfHttpBytesToServer: counters.get('http.bytes.toServer') ?? 0,
    NumberOfHttpBytesToClient: counters.get('http.bytes.toClient') ?? 0,
    NumberOfHttpRequestsByMethod: requests,
    NumberOfHttpResponsesByCode: byLast(counters, /^http\.responses\.([^.]+)$/),
    NumberOfActiveHttpConnections: gauges.get('http.connections') ?? 0,
  };
}

function smppFigures({ counters, gauges }: GetStatsResponse): Record<string, unknown> {
  const toServer = byLast(counters, /^smpp\.toServer\.requests\.([^.]+)$/);
  const toClient = byLast(counters, /^smpp\.toClient\.requests\.([^.]+)$/);
  return {
    NumberOfSmppRequestsToServer: sum(toServer),
    NumberOfSmppRequestsToClient: sum(toClient),
    NumberOfSmppBytesToServer: counters.get('smpp.toServer.bytes') ?? 0,
    NumberOfSmppBytesToClient: counters.get('smpp.toClient.bytes') ?? 0,
    NumberOfSmppRequestsByCommandId: byLast(counters, /^smpp\.to(?:Server|Client)\.requests\.([^.]+)$/),
    NumberOfSmppResponsesByCommandId: byLast(counters, /^smpp\.to(?:Server|Client)\.responses\.([^.]+)$/),
    NumberOfActiveSmppConnections: gauges.get('smpp.sessions') ?? 0,
  };
}

/** Figures whose name matches, summed by what the first group caught. */
function byLast(figures: Figures, pattern: RegExp): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [name, value] of figures) {
    const key = pattern.exec(name)?.[1];
    if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sorted(sums);
}

function sum(figures: Readonly<Record<string, number>>): number {
  return Object.values(figures).reduce((total, value) => total + value, 0);
}

function sorted(figures: Figures): Record<string, number> {
  return Object.fromEntries([...figures].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nodeFigures({ requests, failures, bytesIn, bytesOut, activeSessions }: NodeStats): unknown {
  return { requests, failures, bytesIn, bytesOut, activeSessions };
}

function planeFigures({ protocol, observedAt, counters, gauges }: PlaneStats): unknown {
  return { protocol, observedAt, counters: sorted(counters), gauges: sorted(gauges) };
}
