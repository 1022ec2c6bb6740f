import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { status } from '@grpc/grpc-js';
import { Endpoint, Node, Protocol, RegisterRequest, Transport } from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

const MASTER = '11111111-2222-3333-4444-555555555555';
/** What the operations guide asks for. */
const RULES = `
  key_prefix "triplane/" { policy = "write" }
  service "triplane-control-plane" { policy = "write" }
  node_prefix "" { policy = "read" }`;

function register(at: TestControlPlane, nodeId: string): Promise<unknown> {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] });
  return callUnary(at.nodes, at.nodes.register, RegisterRequest.create({ node }));
}

describeWithConsul('a Consul that denies what is not allowed', (binary) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-acl-'));
  let agent: ConsulAgent;
  let control: TestControlPlane | undefined;
  let plane: FakePlane | undefined;

  beforeAll(async () => {
    const file = path.join(folder, 'acl.json');
    const rules = { enabled: true, default_policy: 'deny', tokens: { master: MASTER } };
    writeFileSync(file, JSON.stringify({ acl: rules }));
    agent = await startConsul(binary, { args: ['-config-file', file], token: MASTER });
  });

  afterAll(async () => {
    plane?.close();
    await control?.close();
    await agent.close();
    rmSync(folder, { recursive: true });
  });

  async function acl(method: string, page: string, body?: unknown): Promise<Record<string, string>> {
    const response = await fetch(`http://${agent.host}:${agent.port}/v1/acl/${page}`, {
      method,
      headers: { 'X-Consul-Token': MASTER },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : {};
  }

  it('serves with the rights of the guide; without them nothing is believed and no node is lost', async () => {
    await acl('PUT', 'policy', { Name: 'triplane', Rules: RULES });
    const token = await acl('PUT', 'token', { Policies: [{ Name: 'triplane' }] });
    const tokenFile = path.join(folder, 'token');
    writeFileSync(tokenFile, token['SecretID'] ?? '');
    control = await startTestControlPlane({
      set: [
        'control.store=consul',
        `control.consul.address=${agent.host}:${agent.port}`,
        `control.consul.tokenFile=${tokenFile}`,
        'control.lease.ttlMs=60000',
      ],
    });
    const served = control;
    await register(served, 'app1');
    const watching = new FakePlane(served.planes, {});
    plane = watching;
    await until('the plane has its snapshot', () => watching.got.length === 1);
    watching.ack();
    await acl('DELETE', `token/${token['AccessorID']}`);
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
