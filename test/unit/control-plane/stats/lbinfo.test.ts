import { lbinfo } from '../../../../control-plane/stats';
import { Endpoint, Protocol, Transport } from '../../../../proto';
import { RegistryWorld, sipNode } from '../../../support/registry-world';

interface Page {
  readonly 'Nodes info': Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly missingControlPlanes: readonly string[];
}

async function pageOf(...endpoints: readonly (readonly [Protocol, Transport, string, number])[]): Promise<Page> {
  const world = new RegistryWorld();
  const node = sipNode('app1', {
    incarnation: '77',
    endpoints: endpoints.map(([protocol, transport, host, port]) =>
      Endpoint.create({ protocol, transport, host, port }),
    ),
    softwareVersion: '4.2',
    jvmRoute: 'r1',
    labels: new Map([['Restcomm-Instance-Id', 'ID1']]),
  });
  await world.register('app1', { node });
  return lbinfo({
    nodes: world.registry.list(),
    planes: [],
    revision: { lineage: 'l', index: 1 },
    guardActive: false,
    missingControlPlanes: ['c2'],
    now: new Date(0),
  }) as Page;
}

describe('/lbinfo', () => {
  it('shows a node as the predecessor does, with every port and property that it named, and SMSCs once more', async () => {
    const page = await pageOf(
      [Protocol.SIP, Transport.WSS, '10.0.0.1', 5083],
      [Protocol.HTTP, Transport.TCP, '10.0.0.1', 8080],
      [Protocol.SMPP, Transport.TCP, '10.0.0.1', 2775],
    );
    const node = expect.objectContaining({
      hostName: 'app1',
      ip: '10.0.0.1',
      gracefulShutdown: false,
      bad: false,
      properties: {
        wssPort: '5083',
        httpPort: '8080',
        smppPort: '2775',
        version: '4.2',
        jvmRoute: 'r1',
        sessionId: '77',
        'Restcomm-Instance-Id': 'ID1',
      },
    }) as unknown;
    expect(page['Nodes info']).toEqual({ nodesIPv4: [node], nodesIPv6: [], smppRemoteServers: [node] });
    expect(page.missingControlPlanes).toEqual(['c2']);
  });

  it('lists nodes of IPv6 apart', async () => {
    const page = await pageOf([Protocol.SIP, Transport.UDP, '2001:db8::1', 5080]);
    expect(page['Nodes info']).toMatchObject({
      nodesIPv4: [],
      nodesIPv6: [{ ip: '2001:db8::1' }],
      smppRemoteServers: [],
    });
  });
});
