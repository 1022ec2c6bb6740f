import { isIP } from 'node:net';
import { Endpoint, Node, Protocol, Transport } from '../../proto';
import { TriplaneError } from '../../runtime/errors';

/** The options of `triplane node`, as the command line gives them. */
export interface NodeOptions {
  readonly id: string;
  readonly address: string;
  readonly sipUdp?: number;
  readonly sipTcp?: number;
  readonly sipTls?: number;
  readonly sipWs?: number;
  readonly sipWss?: number;
  readonly http?: number;
  readonly https?: number;
  readonly ws?: number;
  readonly wss?: number;
  readonly smpp?: number;
  readonly smppTls?: number;
  readonly jvmRoute?: string;
  readonly weight?: number;
  readonly version?: string;
  readonly pool?: string;
  readonly label?: ReadonlyMap<string, string>;
}

type PortOption = Exclude<keyof NodeOptions, 'id' | 'address' | 'jvmRoute' | 'weight' | 'version' | 'pool' | 'label'>;

const ENDPOINTS: Readonly<Record<PortOption, readonly [Protocol, Transport]>> = {
  sipUdp: [Protocol.SIP, Transport.UDP],
  sipTcp: [Protocol.SIP, Transport.TCP],
  sipTls: [Protocol.SIP, Transport.TLS],
  sipWs: [Protocol.SIP, Transport.WS],
  sipWss: [Protocol.SIP, Transport.WSS],
  http: [Protocol.HTTP, Transport.TCP],
  https: [Protocol.HTTP, Transport.TLS],
  ws: [Protocol.HTTP, Transport.WS],
  wss: [Protocol.HTTP, Transport.WSS],
  smpp: [Protocol.SMPP, Transport.TCP],
  smppTls: [Protocol.SMPP, Transport.TLS],
};

/** The node that the options describe. Throws USAGE for an address that is no IP address, a bad id, or no port at all. */
export function nodeOf(options: NodeOptions, incarnation: string): Node {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(options.id)) {
    throw new TriplaneError('USAGE', `--id expects 1-64 characters of A-Z a-z 0-9 . _ -, got ${options.id}`);
  }
  if (isIP(options.address) === 0) {
    throw new TriplaneError(
      'USAGE',
      `--address expects an IP address that the planes can reach, such as 127.0.0.1, got ${options.address}`,
    );
  }
  const endpoints = endpointsOf(options);
  if (endpoints.length === 0) {
    throw new TriplaneError('USAGE', 'expected at least one port, such as --sip-udp 5080, --http 8080 or --smpp 2775');
  }
  return Node.create({
    nodeId: options.id,
    incarnation,
    endpoints,
    weight: options.weight,
    pool: options.pool ?? '',
    softwareVersion: options.version ?? '',
    jvmRoute: options.jvmRoute ?? '',
    labels: new Map(options.label ?? []),
  });
}

function endpointsOf(options: NodeOptions): Endpoint[] {
  return (Object.keys(ENDPOINTS) as PortOption[]).flatMap((option) => {
    const port = options[option];
    if (port === undefined) return [];
    const [protocol, transport] = ENDPOINTS[option];
    return [Endpoint.create({ protocol, transport, host: options.address, port })];
  });
}
