import { status } from '@grpc/grpc-js';
import { Endpoint, Node, Protocol, RegisterRequest, Transport } from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { GuardedConsul } from '../support/guarded-consul';
import { describeWithConsul } from '../support/consul-agent';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

function register(at: TestControlPlane, nodeId: string): Promise<unknown> {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] });
  return callUnary(at.nodes, at.nodes.register, RegisterRequest.create({ node }));
}

describeWithConsul('a Consul that denies what is not allowed', (binary) => {
  let consul: GuardedConsul;
  let control: TestControlPlane | undefined;
  let plane: FakePlane | undefined;

  beforeAll(async () => {
    consul = new GuardedConsul(binary);
    await consul.start();
  });

  afterAll(async () => {
    plane?.close();
    await control?.close();
    await consul.close();
  });

  it('serves with the rights of the guide; without them nothing is believed and no node is lost', async () => {
    control = await startTestControlPlane({
      set: [
        'control.store=consul',
        `control.consul.address=${consul.address}`,
        `control.consul.tokenFile=${consul.tokenFile}`,
        'control.lease.ttlMs=60000',
      ],
    });
    const served = control;
    await register(served, 'app1');
    const watching = new FakePlane(served.planes, {});
    plane = watching;
    await until('the plane has its snapshot', () => watching.got.length === 1);
    watching.ack();
    await consul.revoke();
    await until('changes are refused', () =>
      register(served, 'app2').then(
        () => false,
        (error: { code?: number }) => error.code === status.UNAVAILABLE,
      ),
    );
    const page = JSON.parse((await served.page('/lbinfo')).text) as { nodes: { nodeId: string; state: string }[] };
    expect(page.nodes).toMatchObject([{ nodeId: 'app1', state: 'ACTIVE' }]);
    expect(watching.got).toHaveLength(1);
    expect(watching.error).toBeUndefined();
  }, 30_000);
});
