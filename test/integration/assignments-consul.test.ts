import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import {
  BindSessionRequest,
  Protocol,
  RegisterRequest,
  RoutingConfig,
  Transport,
  UpdateRoutingConfigRequest,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { testNode } from '../support/fake-core';
import { until } from '../support/until';

const KEYS = Array.from({ length: 2500 }, (_, i) => `user-${i}`);
const ARRIVES_MS = 20_000;

async function register(at: TestControlPlane, id: string): Promise<string> {
  const endpoint = { protocol: Protocol.SIP, transport: Transport.TCP, host: '127.0.0.1', port: 5071 };
  const request = RegisterRequest.create({ node: testNode(id, [endpoint]) });
  return (await callUnary(at.nodes, at.nodes.register, request)).leaseId;
}

const held = (core: RunningCore): number => core.counters.snapshotGauges().get('assignments.keys') ?? 0;
const chosen = (core: RunningCore): (string | undefined)[] =>
  KEYS.map((key) => core.balancer.choose('default', key)?.id);
const sees = (core: RunningCore, nodes: string): Promise<unknown> =>
  until(
    `${nodes} at a plane`,
    () =>
      core.table
        .pool('default')
        .fresh.map(({ id }) => id)
        .join() === nodes,
  );

describeWithConsul('assignments over several control planes', (binary) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-assignments-'));
  const cores: RunningCore[] = [];
  let controls: TestControlPlane[] = [];
  let consul: ConsulAgent;
  let lease = '';

  beforeAll(async () => {
    consul = await startConsul(binary);
    const [one] = [await startControl(), await startControl()];
    await register(one, 'a');
    lease = await register(one, 'b');
    const config = RoutingConfig.create({ protocol: Protocol.SIP, algorithm: 'persistent-hash' });
    await callUnary(one.admin, one.admin.updateRoutingConfig, UpdateRoutingConfigRequest.create({ config }));
  }, 60_000);

  afterAll(async () => {
    for (const core of cores) await core.close();
    for (const control of controls) await control.close();
    await consul.close();
    rmSync(stateDir, { recursive: true });
  });

  async function startControl(): Promise<TestControlPlane> {
    const address = `control.consul.address=${consul.host}:${consul.port}`;
    const set = ['control.store=consul', address, 'control.lease.ttlMs=60000', 'control.startGraceMs=0'];
    const control = await startTestControlPlane({ set });
    controls.push(control);
    return control;
  }

  async function startCore(planeId: string, control: TestControlPlane): Promise<RunningCore> {
    const set = [`cluster.stateDir=${stateDir}`, `cluster.controlPlanes=["${control.service.addresses['grpc']}"]`];
    const shared = { logger: silentLogger(), telemetry: noTelemetry, clock: systemClock, random: Math.random };
    const core = await startPlaneCore(
      { ...shared, config: loadConfig({ set }), incarnation: randomUUID() },
      { protocol: Protocol.SIP, planeId, admin: { host: '127.0.0.1', port: 0 } },
    );
    cores.push(core);
    return core;
  }

  it('are the same at planes of different control planes when a node joins', async () => {
    const [one, two] = controls as [TestControlPlane, TestControlPlane];
    const [first, second] = [await startCore('sip-1', one), await startCore('sip-2', two)];
    await Promise.all([sees(first, 'a,b'), sees(second, 'a,b')]);
    const before = chosen(first);
    await until('the other plane has heard of all', () => held(second) === KEYS.length, ARRIVES_MS);
    await register(two, 'c');
    await Promise.all([sees(first, 'a,b,c'), sees(second, 'a,b,c')]);
    expect(chosen(second)).toEqual(before);
    expect(new Set(before)).toEqual(new Set(['a', 'b']));
  }, 60_000);

  it('that a node pinned at one control plane are obeyed by planes of the other', async () => {
    const [one] = controls as [TestControlPlane];
    const [first, second] = cores as [RunningCore, RunningCore];
    const moved = KEYS.find((key) => first.balancer.choose('default', key)?.id === 'a') ?? '';
    await callUnary(one.nodes, one.nodes.bindSession, BindSessionRequest.create({ leaseId: lease, keys: [moved] }));
    for (const core of [first, second])
      await until('it is obeyed', () => core.balancer.choose('default', moved)?.id === 'b');
    expect(first.balancer.choose('default', moved)?.id).toBe('b');
  });

  it('outlive the control plane that took them: one that comes later hears of them from the others', async () => {
    const [one] = controls.splice(0, 1) as [TestControlPlane];
    const before = chosen(cores[1] as RunningCore);
    await one.close();
    const third = await startCore('sip-3', await startControl());
    await until('the new plane has heard of all', () => held(third) === KEYS.length, ARRIVES_MS);
    await sees(third, 'a,b,c');
    expect(chosen(third)).toEqual(before);
  }, 60_000);
});
