import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import { followConsul, joinCluster, type NodeAgent } from '../../node-agent';
import { NodeState, Protocol, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { ConsulAccess, type ConsulClient } from '../../runtime/consul';
import { findAdmin, type ControlPlaneList } from '../../runtime/discovery';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { until } from '../support/until';

const SHARED = { clock: systemClock, random: Math.random, logger: silentLogger() };
const NOBODY = '127.0.0.1:1';

describeWithConsul('planes and nodes that know only Consul', (binary) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-discovery-'));
  let agent: ConsulAgent;
  let access: ConsulAccess;
  let client: ConsulClient;
  let controls: TestControlPlane[] = [];
  let list: ControlPlaneList;
  let plane: RunningCore;
  let node: NodeAgent;

  async function startControl(): Promise<void> {
    controls.push(
      await startTestControlPlane({
        set: ['control.store=consul', `control.consul.address=${address()}`, 'control.startGraceMs=0'],
      }),
    );
  }

  const address = (): string => `${agent.host}:${agent.port}`;

  function startPlane(): Promise<RunningCore> {
    const set = [`cluster.stateDir=${stateDir}`, `cluster.controlPlanes=["${NOBODY}"]`];
    const config = loadConfig({ set: [...set, `cluster.consul.address=${address()}`] });
    const context = { ...SHARED, telemetry: noTelemetry, config, incarnation: randomUUID() };
    const service = { name: 'triplane-sip-plane', host: '127.0.0.1', port: 5060 };
    const admin = { host: '127.0.0.1', port: 0 };
    return startPlaneCore(context, { protocol: Protocol.SIP, planeId: 'sip-1', admin, service });
  }

  beforeAll(async () => {
    agent = await startConsul(binary);
    access = new ConsulAccess({ ...SHARED, settings: { address: address() }, what: 'test' });
    client = access.client();
    await startControl();
    list = await followConsul({ address: address() }, [NOBODY]);
    plane = await startPlane();
    const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 };
    node = joinCluster({ node: { nodeId: 'app1', endpoints: [endpoint] }, controlPlanes: list });
  });

  afterAll(async () => {
    await Promise.all([node.close(), plane.close(), ...controls.map((control) => control.close())]);
    await list.close();
    client.close();
    access.close();
    await agent.close();
    rmSync(stateDir, { recursive: true });
  });

  const ids = async (service: string): Promise<string[]> => {
    const { instances } = await client.instances(service, 0, 0);
    return instances.filter(({ well }) => well).map(({ id }) => id);
  };

  it('find the control plane, and the plane is listed with its check', async () => {
    await until('the node is ACTIVE', () => node.state === NodeState.ACTIVE, 20_000);
    await until('the plane has the node', () => plane.table.nodes.length === 1, 20_000);
    await until('the plane is listed', async () => (await ids('triplane-sip-plane')).length === 1, 20_000);
    expect(await ids('triplane-sip-plane')).toEqual(['triplane-sip-plane-sip-1']);
  }, 60_000);

  it('find the service for operators too', async () => {
    const [control] = controls;
    expect(await findAdmin({ address: address() }, SHARED)).toBe(control?.service.addresses['admin']);
  });

  it('go on to another control plane that came later when the first one ends', async () => {
    await startControl();
    await until('both are listed', () => list.addresses.length === 2, 20_000);
    const [first, second] = controls as [TestControlPlane, TestControlPlane];
    controls = [second];
    await first.close();
    await until('it has left the list', () => list.addresses.join() === second.service.addresses['grpc'], 20_000);
    await until('the node is heard there', () => node.connected && node.state === NodeState.ACTIVE, 20_000);
    const connected = (): boolean => plane.counters.snapshotGauges().get('control.connected') === 1;
    await until('the plane is connected', connected, 20_000);
    expect(plane.table.nodes.map(({ id }) => id)).toEqual(['app1']);
  }, 60_000);

  it('keep the last control planes while the agent is away, and the plane is listed again when it has lost everything', async () => {
    const { port } = agent;
    const before = list.addresses;
    await agent.close();
    agent = await startConsul(binary, { port });
    await until('the plane is listed again', async () => (await ids('triplane-sip-plane')).length === 1, 20_000);
    expect(list.addresses).toEqual(before);
    expect(plane.table.nodes.map(({ id }) => id)).toEqual(['app1']);
  }, 60_000);
});
