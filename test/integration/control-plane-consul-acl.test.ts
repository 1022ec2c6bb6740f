import { status } from '@grpc/grpc-js';
import { Endpoint, Node, Protocol, RegisterRequest, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { ConsulAccess } from '../../runtime/consul';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
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

  const settings = (): string[] => [
    'control.store=consul',
    `control.consul.address=${consul.address}`,
    `control.consul.tokenFile=${consul.tokenFile}`,
    'control.lease.ttlMs=60000',
  ];

  beforeAll(async () => {
    consul = new GuardedConsul(binary);
    await consul.start();
  });

  afterAll(async () => {
    plane?.close();
    await control?.close();
    await consul.close();
  });

  it('shows control planes to the token of planes, and lets it register planes and nothing else', async () => {
    const tokenFile = await consul.planeTokenFile();
    control = await startTestControlPlane({ set: settings() });
    const shared = { clock: systemClock, logger: silentLogger() };
    const asking = new ConsulAccess({ settings: { address: consul.address, tokenFile }, what: 'test', ...shared });
    const client = asking.client();
    const found = async (name: string): Promise<number> => (await client.instances(name, 0, 0)).instances.length;
    await until('the control plane is shown', async () => (await found('triplane-control-plane')) === 1);
    const entry = { id: 'p1', host: '127.0.0.1', port: 5060, meta: {}, check: { http: 'http://127.0.0.1:1/' } };
    await client.register({ ...entry, name: 'triplane-sip-plane' });
    expect(await found('triplane-sip-plane')).toBe(1);
    await expect(client.register({ ...entry, name: 'triplane-control-plane' })).rejects.toThrow(/forbidden|denied/i);
    await expect(client.put('triplane/lineage', 'mine', 0)).rejects.toThrow(/forbidden|denied/i);
    client.close();
    asking.close();
    await control.close();
  });

  it('serves with the rights of the guide; without them nothing is believed and no node is lost', async () => {
    control = await startTestControlPlane({ set: settings() });
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
