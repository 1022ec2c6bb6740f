import { isIPv6 } from 'node:net';
import { NodeState, Protocol, Transport, type Endpoint, type PlaneStatus, type Revision } from '../../proto';
import type { NodeView } from '../registry';

export interface LbinfoInput {
  readonly nodes: readonly NodeView[];
  readonly planes: readonly PlaneStatus[];
  readonly revision: Revision;
  readonly guardActive: boolean;
  /** Control planes that did not answer: their planes may be missing. */
  readonly missingControlPlanes: readonly string[];
  readonly now: Date;
}

/** The page `/lbinfo`: who is there. `Nodes info` has the predecessor's shape, the rest is ours. No secrets. */
export function lbinfo({ nodes, planes, revision, guardActive, missingControlPlanes, now }: LbinfoInput): unknown {
  const legacy = nodes.map((view) => legacyNode(view, now));
  return {
    'Nodes info': {
      nodesIPv4: legacy.filter(({ ip }) => !isIPv6(ip)),
      nodesIPv6: legacy.filter(({ ip }) => isIPv6(ip)),
      smppRemoteServers: legacy.filter(({ properties }) => 'smppPort' in properties || 'smppSslPort' in properties),
    },
    revision,
    guardActive,
    missingControlPlanes,
    nodes: nodes.map(nodeInfo),
    planes: planes.map(planeInfo),
  };
}

function nodeInfo({ node, record, lease, silentMs }: NodeView): unknown {
  const { nodeId, incarnation, state, pool, weight, softwareVersion, jvmRoute, labels, endpoints } = node;
  return {
    nodeId,
    incarnation,
    state: state.replace('NODE_STATE_', ''),
    pool,
    weight: weight ?? 100,
    softwareVersion,
    jvmRoute,
    labels: Object.fromEntries(labels),
    endpoints: endpoints.map(endpointText),
    source: record.source,
    lastHeardSeconds: silentMs === undefined ? null : Math.round(silentMs / 100) / 10,
    load: lease?.load ?? null,
    registeredAt: node.registeredAt ?? null,
    drainDeadline: node.drainDeadline ?? null,
    changedIndex: node.changedIndex,
  };
}

function endpointText({ protocol, transport, host, port }: Endpoint): string {
  const name = `${protocol.replace('PROTOCOL_', '')}/${transport.replace('TRANSPORT_', '')}`.toLowerCase();
  return `${name} ${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function planeInfo(plane: PlaneStatus): unknown {
  const { planeId, incarnation, protocol, softwareVersion, connected, lagging, sent, acked, ackedAt } = plane;
  return {
    planeId,
    incarnation,
    protocol: protocol.replace('PROTOCOL_', ''),
    softwareVersion,
    connected,
    lagging,
    sent: sent?.index ?? null,
    acked: acked?.index ?? null,
    ackedAt: ackedAt ?? null,
    rejections: plane.rejections.map(({ resource, reason }) => ({ resource: resource?.value ?? '', reason })),
  };
}

const LEGACY_PORTS: Readonly<Record<string, string>> = {
  [`${Protocol.SIP} ${Transport.UDP}`]: 'udpPort',
  [`${Protocol.SIP} ${Transport.TCP}`]: 'tcpPort',
  [`${Protocol.SIP} ${Transport.TLS}`]: 'tlsPort',
  [`${Protocol.SIP} ${Transport.WS}`]: 'wsPort',
  [`${Protocol.SIP} ${Transport.WSS}`]: 'wssPort',
  [`${Protocol.SIP} ${Transport.WSS}`]: 'wssPort',
  [`${Protocol.HTTP} ${Transport.WS}`]: 'wsPort',
  [`${Protocol.HTTP} ${Transport.WSS}`]: 'wssPort',
  [`${Protocol.HTTP} ${Transport.TCP}`]: 'httpPort',
  [`${Protocol.HTTP} ${Transport.TLS}`]: 'sslPort',
  [`${Protocol.SMPP} ${Transport.TCP}`]: 'smppPort',
  [`${Protocol.SMPP} ${Transport.TLS}`]: 'smppSslPort',
};

interface LegacyNode {
  readonly hostName: string;
  readonly ip: string;
  readonly timeStamp: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly gracefulShutdown: boolean;
  readonly bad: boolean;
}

function legacyNode({ node, silentMs }: NodeView, now: Date): LegacyNode {
  const ports = node.endpoints.flatMap(({ protocol, transport, port }) => {
    const name = LEGACY_PORTS[`${protocol} ${transport}`];
    return name === undefined ? [] : [[name, String(port)] as const];
  });
  return {
    hostName: node.nodeId,
    ip: node.endpoints[0]?.host ?? '',
    timeStamp: now.getTime() - Math.round(silentMs ?? 0),
    properties: Object.fromEntries([
      ...node.labels,
      ...ports,
      ['version', node.softwareVersion],
      ['jvmRoute', node.jvmRoute],
      ['sessionId', node.incarnation],
    ]),
    gracefulShutdown: node.state === NodeState.DRAINING || node.state === NodeState.MAINTENANCE,
    bad: node.state === NodeState.SUSPECT,
  };
}
