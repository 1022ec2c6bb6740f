import { nodeFromProperties } from '../../../../control-plane/heartbeat';
import { Endpoint, Protocol, Transport, type Node } from '../../../../proto';

function node(properties: Record<string, string>, sourceHost = '10.0.0.7', sourcePort = 5080): Node | undefined {
  return nodeFromProperties({ sourceHost, sourcePort, properties: new Map(Object.entries(properties)) });
}

const at = (protocol: Protocol, transport: Transport, port: number, host = '10.0.0.7'): Endpoint =>
  Endpoint.create({ protocol, transport, host, port });

describe('a heartbeat', () => {
  it.each<[string, string, [Protocol, Transport][]]>([
    ['udpPort', '5080', [[Protocol.SIP, Transport.UDP]]],
    ['tcpPort', '5080', [[Protocol.SIP, Transport.TCP]]],
    ['tlsPort', '5081', [[Protocol.SIP, Transport.TLS]]],
    [
      'wsPort',
      '5082',
      [
        [Protocol.SIP, Transport.WS],
        [Protocol.HTTP, Transport.WS],
      ],
    ],
    ['httpPort', '8080', [[Protocol.HTTP, Transport.TCP]]],
    ['sslPort', '8443', [[Protocol.HTTP, Transport.TLS]]],
    ['smppPort', '2775', [[Protocol.SMPP, Transport.TCP]]],
    ['SMPPPORT', ' 2775 ', [[Protocol.SMPP, Transport.TCP]]],
  ])('with %s=%s names an endpoint', (name, value, expected) => {
    expect(node({ [name]: value })?.endpoints).toEqual(
      expected.map(([protocol, transport]) => at(protocol, transport, Number(value))),
    );
  });

  it.each<[string, Record<string, string>, string]>([
    ['its nodeId', { nodeId: 'app1', hostname: 'h1', udpPort: '5080' }, 'app1'],
    ['its host name', { hostname: 'h1.example.org', udpPort: '5080' }, 'h1.example.org'],
    ['its host name in the other spelling', { hostName: 'h1', udpPort: '5080' }, 'h1'],
    ['its address when the names cannot be ids', { hostname: 'h 1', tcpPort: '5090' }, 'sip-10.0.0.7-5090'],
    ['its address when there is no name', { udpPort: '5090' }, 'sip-10.0.0.7-5090'],
  ])('is of the node called by %s', (_what, properties, id) => {
    expect(node(properties)?.nodeId).toBe(id);
  });

  it('gives the address itself, or by its source', () => {
    expect(node({ ip: '10.9.9.9', udpPort: '1' })?.endpoints[0]?.host).toBe('10.9.9.9');
    expect(node({ ip: 'app1.example.org', udpPort: '1' })?.endpoints[0]?.host).toBe('10.0.0.7');
    expect(node({ udpPort: '1' }, '2001:db8::1')?.nodeId).toBe('sip-2001-db8--1-1');
  });

  it('without ports is answered where it came from, by UDP', () => {
    expect(node({})?.endpoints).toEqual([at(Protocol.SIP, Transport.UDP, 5080)]);
  });

  it.each(['0', '65536', '-1', '5060x', '', '999999999999'])('with the port %j has no such endpoint', (udpPort) => {
    expect(node({ udpPort, tcpPort: '5070' })?.endpoints).toEqual([at(Protocol.SIP, Transport.TCP, 5070)]);
  });

  it('from no address is of no use', () => {
    expect(node({ udpPort: '5080' }, 'nowhere')).toBeUndefined();
    expect(node({}, '10.0.0.7', 0)).toBeUndefined();
  });

  it('carries version, route, pool and weight, and keeps what else it says as labels', () => {
    const found = node({ udpPort: '1', version: '7', jvmRoute: 'r1', pool: 'gold', weight: '50', zone: 'z1' });
    expect(found).toMatchObject({ softwareVersion: '7', jvmRoute: 'r1', pool: 'gold', weight: 50 });
    expect(found?.labels).toEqual(new Map([['zone', 'z1']]));
  });
});
