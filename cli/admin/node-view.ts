import { toMs, type Endpoint, type NodeStatus } from '../../proto';
import { contractWord } from '../contract-word';
import { ago, count } from '../output';

/** A node as `--json` shows it: every field, whatever its value. */
export interface NodeView {
  readonly nodeId: string;
  readonly state: string;
  readonly pool: string;
  readonly weight: number;
  readonly version: string;
  readonly jvmRoute: string;
  readonly endpoints: readonly { readonly protocol: string; readonly transport: string; readonly address: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly incarnation: string;
  readonly source: string;
  readonly sessions: number;
  readonly requests: number;
  readonly failures: number;
  /** Since the last heartbeat, ms; null: never. */
  readonly lastHeardMs: number | null;
  readonly drainDeadline: string | null;
}

export function viewOf({ node, lastHeard, ...status }: NodeStatus): NodeView {
  return {
    nodeId: node?.nodeId ?? '',
    state: contractWord(node?.state),
    pool: node?.pool || 'default',
    weight: node?.weight ?? 100,
    version: node?.softwareVersion ?? '',
    jvmRoute: node?.jvmRoute || (node?.nodeId ?? ''),
    endpoints: (node?.endpoints ?? []).map((endpoint) => ({
      protocol: contractWord(endpoint.protocol),
      transport: contractWord(endpoint.transport),
      address: addressOf(endpoint),
    })),
    labels: Object.fromEntries(node?.labels ?? []),
    incarnation: node?.incarnation ?? '',
    source: status.source,
    sessions: status.activeSessions,
    requests: status.requests,
    failures: status.failures,
    lastHeardMs: lastHeard === undefined ? null : Math.round(toMs(lastHeard)),
    drainDeadline: node?.drainDeadline?.toISOString() ?? null,
  };
}

export const NODE_COLUMNS = [
  'NODE',
  'STATE',
  'POOL',
  'WEIGHT',
  'VERSION',
  'SESSIONS',
  'REQUESTS',
  'FAILURES',
  'HEARD',
  'ENDPOINTS',
] as const;

/** The same node as a row for people. */
export function rowOf(view: NodeView): string[] {
  return [
    view.nodeId,
    view.state,
    view.pool,
    String(view.weight),
    view.version || '-',
    count(view.sessions),
    count(view.requests),
    count(view.failures),
    ago(view.lastHeardMs ?? undefined),
    view.endpoints
      .map(({ protocol, transport, address }) => `${protocol}/${transport} ${address}`.toLowerCase())
      .join('\n'),
  ];
}

function addressOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
