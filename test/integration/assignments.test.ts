import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rendezvous, startPlaneCore, type RunningCore } from '../../data-plane';
import {
  BindSessionRequest,
  Protocol,
  RegisterRequest,
  RoutingConfig,
  SwitchoverRequest,
  Transport,
  UpdateRoutingConfigRequest,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { testNode } from '../support/fake-core';
import { until } from '../support/until';

const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-assignments-'));
const KEYS = Array.from({ length: 2500 }, (_, i) => `user-${i}`);
let control: TestControlPlane;
const cores: RunningCore[] = [];

async function startCore(planeId: string, protocol: Protocol = Protocol.SIP): Promise<RunningCore> {
  const core = await startPlaneCore(
    {
      config: loadConfig({
        set: [`cluster.stateDir=${stateDir}`, `cluster.controlPlanes=["${control.service.addresses['grpc']}"]`],
      }),
      logger: silentLogger(),
      telemetry: noTelemetry,
      clock: systemClock,
      random: Math.random,
      incarnation: `${planeId}-1`,
    },
    { protocol, planeId, admin: { host: '127.0.0.1', port: 0 } },
  );
  cores.push(core);
  return core;
}

async function register(id: string): Promise<string> {
  const at = { transport: Transport.TCP, host: '127.0.0.1', port: 5071 };
  const node = testNode(id, [
    { protocol: Protocol.SIP, ...at },
    { protocol: Protocol.HTTP, ...at },
  ]);
  return (await callUnary(control.nodes, control.nodes.register, RegisterRequest.create({ node }))).leaseId;
}

async function setAlgorithm(algorithm: string, ...protocols: readonly Protocol[]): Promise<void> {
  for (const protocol of protocols) {
    const config = RoutingConfig.create({ protocol, algorithm });
    await callUnary(control.admin, control.admin.updateRoutingConfig, UpdateRoutingConfigRequest.create({ config }));
  }
}

const sees = (core: RunningCore, nodes: string, algorithm: string): Promise<unknown> =>
  until(`${nodes} under ${algorithm}`, () => {
    const pool = core.table.pool('default');
    return pool.fresh.map(({ id }) => id).join() === nodes && pool.config?.algorithm === algorithm;
  });
const chosen = (core: RunningCore, keys = KEYS): (string | undefined)[] =>
  keys.map((key) => core.balancer.choose('default', key)?.id);
const held = (core: RunningCore): number => core.counters.snapshotGauges().get('assignments.keys') ?? 0;

beforeEach(async () => {
  control = await startTestControlPlane({ set: ['control.lease.ttlMs=60000'] });
});

afterEach(async () => {
  for (const core of cores.splice(0)) await core.close();
  await control.close();
});

afterAll(() => rmSync(stateDir, { recursive: true }));

describe('persistent-hash over several planes', () => {
  it('keeps keys at their nodes when nodes join, at planes that never saw them, of another protocol and started later', async () => {
    await register('a');
    await register('b');
    const sip = await startCore('sip-1');
    const http = await startCore('http-1', Protocol.HTTP);
    await setAlgorithm('persistent-hash', Protocol.SIP, Protocol.HTTP);
    await Promise.all([sees(sip, 'a,b', 'persistent-hash'), sees(http, 'a,b', 'persistent-hash')]);
    const before = chosen(sip);
    await until('the other plane has heard of all', () => held(http) === KEYS.length);
    await register('c');
    await Promise.all([sees(sip, 'a,b,c', 'persistent-hash'), sees(http, 'a,b,c', 'persistent-hash')]);
    expect(chosen(http)).toEqual(before);
    expect(chosen(sip)).toEqual(before);

    const late = await startCore('sip-late');
    await sees(late, 'a,b,c', 'persistent-hash');
    await until('the late plane has heard of all', () => held(late) === KEYS.length);
    expect(chosen(late)).toEqual(before);
    const moved = KEYS.filter((key, i) => rendezvous(key, late.table.nodes)?.id !== before[i]);
    expect(moved.length).toBeGreaterThan(KEYS.length / 5);
  }, 20_000);

  it('settles on the first answer when two planes assign a key at the same time', async () => {
    await register('a');
    await register('b');
    const [one, two] = [await startCore('one'), await startCore('two')];
    await setAlgorithm('persistent-hash', Protocol.SIP);
    await Promise.all([sees(one, 'a,b', 'persistent-hash'), sees(two, 'a,b', 'persistent-hash')]);
    const [a, b] = one.table.nodes;
    if (a === undefined || b === undefined) throw new Error('no nodes');
    const contested = KEYS.slice(0, 50);
    for (const key of contested) one.balancer.assigned(a, key);
    for (const key of contested) two.balancer.assigned(b, key);
    await until('both agree', () => {
      const [left, right] = [chosen(one, contested), chosen(two, contested)];
      return left.every((id, i) => id === right[i]) && new Set(left).size === 1;
    });
  });

  it('is remembered by the planes when the control plane starts anew', async () => {
    await register('a');
    await register('b');
    const sip = await startCore('sip-restart');
    await setAlgorithm('persistent-hash', Protocol.SIP);
    await sees(sip, 'a,b', 'persistent-hash');
    const before = chosen(sip);
    await until('all are reported', () => sip.counters.snapshotCounters().get('assignments.reported') === KEYS.length);
    const port = control.service.addresses['grpc']?.split(':').at(-1);
    await control.close();
    control = await startTestControlPlane({
      set: [
        `control.grpc.port=${port}`,
        'control.startGraceMs=1',
        'control.lease.ttlMs=60000',
        'control.routing.sip.algorithm=persistent-hash',
      ],
    });
    for (const id of ['a', 'b', 'c']) await register(id);
    const late = await startCore('sip-after');
    await Promise.all([sees(sip, 'a,b,c', 'persistent-hash'), sees(late, 'a,b,c', 'persistent-hash')]);
    await until('the late plane has heard of all', () => held(late) === KEYS.length);
    expect(chosen(late)).toEqual(before);
  }, 20_000);
});

describe('sessions that nodes pin', () => {
  it('go to their node at every plane, under every algorithm, while it lives; others go by the algorithm', async () => {
    const leaseId = await register('a');
    await register('b');
    const [sip, http] = [await startCore('sip-pins'), await startCore('http-pins', Protocol.HTTP)];
    await setAlgorithm('round-robin', Protocol.SIP, Protocol.HTTP);
    await Promise.all([sees(sip, 'a,b', 'round-robin'), sees(http, 'a,b', 'round-robin')]);
    const pinned = KEYS.slice(0, 20);
    const request = BindSessionRequest.create({ leaseId, keys: pinned });
    await callUnary(control.nodes, control.nodes.bindSession, request);
    for (const core of [sip, http]) {
      await until('all pinned keys go to a', () => chosen(core, pinned).every((id) => id === 'a'));
      expect(new Set(chosen(core, KEYS.slice(100, 110))).size).toBe(2);
    }
  });

  it('follow a switchover to the other node', async () => {
    const leaseId = await register('a');
    await register('b');
    const sip = await startCore('sip-moves');
    await sees(sip, 'a,b', 'call-id-affinity');
    const keys = KEYS.slice(0, 40);
    const before = chosen(sip, keys);
    const request = SwitchoverRequest.create({ leaseId, fromJvmRoute: 'a', toJvmRoute: 'b' });
    await callUnary(control.nodes, control.nodes.switchover, request);
    await until('the sessions of a are at b', () => chosen(sip, keys).every((id) => id === 'b'));
    expect(new Set(before).size).toBe(2);
    expect(sip.balancer.standIn('default', 'a call that is up', 'a')?.id).toBe('b');
  });
});
