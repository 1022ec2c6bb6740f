import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startControlPlane } from '../../control-plane';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import {
  AdminServiceClient,
  NodeServiceClient,
  NodeState,
  Protocol,
  RoutingConfig,
  Transport,
  UpdateRoutingConfigRequest,
  DrainNodeRequest,
  RegisterRequest,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary, channelCredentials } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import type { ProcessContext } from '../../runtime/process-context';
import type { Service } from '../../runtime/service';
import { noTelemetry } from '../../runtime/telemetry';
import { testNode } from '../support/fake-core';
import { until } from '../support/until';

const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-core-'));
const open: { close(): Promise<void> }[] = [];
const clients: { close(): void }[] = [];

function context(...set: readonly string[]): ProcessContext {
  return {
    config: loadConfig({ set: [`cluster.stateDir=${stateDir}`, ...set] }),
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock: systemClock,
    random: Math.random,
    incarnation: `test-${Math.random()}`,
  };
}

async function startControl(port = '0', ...set: readonly string[]): Promise<Service> {
  const control = await startControlPlane(
    context(
      `control.grpc.port=${port}`,
      'control.admin.port=0',
      'control.http.port=0',
      'control.statsIntervalMs=100',
      ...set,
    ),
  );
  open.push(control);
  return control;
}

async function startCore(control: Service, planeId = 'sip-1'): Promise<RunningCore> {
  const core = await startPlaneCore(context(`cluster.controlPlanes=["${control.addresses['grpc']}"]`), {
    protocol: Protocol.SIP,
    planeId,
    admin: { host: '127.0.0.1', port: 0 },
  });
  open.push(core);
  return core;
}

function nodeClient(control: Service): NodeServiceClient {
  const target = control.addresses['grpc'] ?? '';
  const client = new NodeServiceClient(target, channelCredentials(target, false));
  clients.push(client);
  return client;
}

function adminClient(control: Service): AdminServiceClient {
  const target = control.addresses['admin'] ?? '';
  const client = new AdminServiceClient(target, channelCredentials(target, false));
  clients.push(client);
  return client;
}

async function register(control: Service, id: string): Promise<void> {
  const client = nodeClient(control);
  const node = testNode(id, [{ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5071 }]);
  await callUnary(client, client.register, RegisterRequest.create({ node }));
}

const ids = (core: RunningCore): string => core.table.nodes.map(({ id }) => id).join();
const ready = async (core: RunningCore): Promise<number> =>
  (await fetch(`http://${core.addresses['admin']}/readyz`)).status;

describe('the core of a plane beside a real control plane', () => {
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const one of open.splice(0).toReversed()) await one.close();
  });
  afterAll(() => rmSync(stateDir, { recursive: true }));

  it('learns of nodes, drains and algorithms as they change', async () => {
    const control = await startControl();
    const core = await startCore(control, 'learns');
    await until('the first snapshot is here', () => core.table.revision);
    expect(core.table.pool('default').config?.algorithm).toBe('call-id-affinity');
    await register(control, 'a');
    await until('the node is here', () => ids(core) === 'a');
    expect(core.balancer.choose('default', 'key')?.id).toBe('a');

    const admin = adminClient(control);
    await callUnary(admin, admin.drainNode, DrainNodeRequest.create({ nodeId: 'a' }));
    await until('the drain is here', () => core.table.get('a')?.state !== NodeState.ACTIVE);
    expect(core.balancer.choose('default', 'another key')).toBeUndefined();

    const config = RoutingConfig.create({ protocol: Protocol.SIP, algorithm: 'header-hash' });
    await callUnary(admin, admin.updateRoutingConfig, UpdateRoutingConfigRequest.create({ config }));
    await until('the algorithm is here', () => core.table.pool('default').config?.algorithm === 'header-hash');
  });

  it('reports its figures, and they add up over a restart of the plane', async () => {
    const control = await startControl();
    const first = await startCore(control, 'reports');
    await register(control, 'a');
    const node = await until('the node is here', () => first.table.get('a'));
    node.live.requests = 5;
    first.counters.counter('sip.external.requests.INVITE').value = 5;
    const counted = async (): Promise<unknown> => {
      const stats = await (await fetch(`http://${control.addresses['http']}/lbstat`)).json();
      return (stats as { Metrics: { counters: Record<string, number> } }).Metrics.counters[
        'sip.external.requests.INVITE'
      ];
    };
    await until('five are counted', async () => (await counted()) === 5);
    await first.close();
    const second = await startCore(control, 'reports');
    await until('the plane is back', () => second.table.get('a'));
    second.counters.counter('sip.external.requests.INVITE').value = 2;
    await until('seven are counted', async () => (await counted()) === 7);
  });

  it('goes on without a control plane, boots from last-good, and finds a new control plane at the old address', async () => {
    const control = await startControl();
    const core = await startCore(control, 'survives');
    await register(control, 'a');
    await until('the node is here', () => ids(core) === 'a');
    const port = control.addresses['grpc']?.split(':').at(-1) ?? '';
    await control.close();
    await until('the loss was noticed', () => core.counters.snapshotGauges().get('control.connected') === 0);
    expect(ids(core)).toBe('a');
    await core.close();

    const restarted = await startCore(control, 'survives');
    expect(ids(restarted)).toBe('a');
    expect(await ready(restarted)).toBe(200);

    const fresh = await startControl(port, 'control.startGraceMs=300');
    await until('connected again', () => restarted.counters.snapshotGauges().get('control.connected') === 1);
    await register(fresh, 'b');
    await until('the new state is here', () => ids(restarted) === 'b');
  }, 20_000);

  it('is not ready before it has any state', async () => {
    const control = await startControl();
    await control.close();
    const core = await startCore(control, 'nothing');
    expect(await ready(core)).toBe(503);
    expect(core.balancer.choose('default', 'key')).toBeUndefined();
  });
});
