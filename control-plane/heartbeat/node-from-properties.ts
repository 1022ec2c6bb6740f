import { isIP } from 'node:net';
import { Endpoint, Node, Protocol, Transport } from '../../proto';
import { isName } from '../registry';

/** A node as the predecessor's heartbeats describe it. */
export interface HeartbeatFacts {
  /** The packet's source. */
  readonly sourceHost: string;
  /** 0: says nothing of the node. */
  readonly sourcePort: number;
  readonly properties: ReadonlyMap<string, string>;
}

/** Property to the endpoints that it names. A wsPort serves SIP over WebSocket and the WebSockets that come by HTTP. */
const PORTS: readonly (readonly [string, Protocol, Transport])[] = [
  ['udpPort', Protocol.SIP, Transport.UDP],
  ['tcpPort', Protocol.SIP, Transport.TCP],
  ['tlsPort', Protocol.SIP, Transport.TLS],
  ['wsPort', Protocol.SIP, Transport.WS],
  ['wsPort', Protocol.HTTP, Transport.WS],
  ['wssPort', Protocol.SIP, Transport.WSS],
  ['wssPort', Protocol.HTTP, Transport.WSS],
  ['httpPort', Protocol.HTTP, Transport.TCP],
  ['sslPort', Protocol.HTTP, Transport.TLS],
  ['smppPort', Protocol.SMPP, Transport.TCP],
  ['smppSslPort', Protocol.SMPP, Transport.TLS],
];

const KNOWN = new Set([
  ...PORTS.map(([name]) => name.toLowerCase()),
  'nodeid',
  'hostname',
  'ip',
  'version',
  'jvmroute',
  'pool',
  'weight',
  'sessionid',
  'graceful_shutdown',
]);
const MAX_LABELS = 32;
const MAX_TEXT = 256;

/**
 * The node that a heartbeat speaks for. Its id is `nodeId`, else the host name, else `sip-<ip>-<port>`; without any port it is reached
 * where the packet came from, by SIP over UDP. Property names count in any case. Undefined: there is no address in it.
 */
export function nodeFromProperties({ sourceHost, sourcePort, properties }: HeartbeatFacts): Node | undefined {
  const facts = new Map([...properties].map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const told = facts.get('ip') ?? '';
  const host = isIP(told) === 0 ? sourceHost : told;
  if (isIP(host) === 0) return undefined;
  const endpoints = endpointsOf(facts, host);
  if (endpoints.length === 0 && sourcePort > 0) {
    endpoints.push(Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host, port: sourcePort }));
  }
  const port = endpoints[0]?.port;
  if (port === undefined) return undefined;
  return Node.create({
    nodeId: firstName(facts.get('nodeid'), facts.get('hostname')) ?? `sip-${host.replaceAll(':', '-')}-${port}`,
    incarnation: (facts.get('sessionid') ?? '').slice(0, MAX_TEXT) || 'heartbeat',
    endpoints,
    weight: weightOf(facts.get('weight')),
    pool: firstName(facts.get('pool')) ?? '',
    softwareVersion: (facts.get('version') ?? '').slice(0, MAX_TEXT),
    jvmRoute: firstName(facts.get('jvmroute')) ?? '',
    labels: labelsOf(properties),
  });
}

function endpointsOf(facts: ReadonlyMap<string, string>, host: string): Endpoint[] {
  return PORTS.flatMap(([name, protocol, transport]) => {
    const port = wholeNumber(facts.get(name.toLowerCase()), 1, 65_535);
    return port === undefined ? [] : [Endpoint.create({ protocol, transport, host, port })];
  });
}

/** What is not ours stays visible to algorithms and people. */
function labelsOf(properties: ReadonlyMap<string, string>): Map<string, string> {
  const others = [...properties].filter(
    ([name, value]) =>
      name !== '' && !KNOWN.has(name.toLowerCase()) && name.length <= MAX_TEXT && value.length <= MAX_TEXT,
  );
  return new Map(others.slice(0, MAX_LABELS));
}

function firstName(...candidates: (string | undefined)[]): string | undefined {
  return candidates.find((text) => text !== undefined && isName(text));
}

function weightOf(text: string | undefined): number | undefined {
  return wholeNumber(text, 0, 1000);
}

function wholeNumber(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
