import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import { startNodeAgent, type NodeAgent } from '../../node-agent';
import {
  AdminServiceClient,
  ListNodesRequest,
  NodeState,
  Protocol,
  Transport,
  type ListNodesResponse,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { testNode } from '../support/fake-core';
import { freePort } from '../support/free-port';
import { startService, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

const NODES = ['app1', 'app2', 'app3', 'app4'];
const SHARED = { logger: silentLogger(), telemetry: noTelemetry, clock: systemClock, random: Math.random };

/** A control plane that can be killed and started again on its ports. */
class Control {
  readonly #set: readonly string[];
  readonly #ports: readonly [grpc: number, admin: number];
  #process: RunningProcess | undefined;

  constructor(consul: ConsulAgent, ports: readonly [number, number]) {
    this.#ports = ports;
    this.#set = [
      'control.store=consul',
      `control.consul.address=${consul.host}:${consul.port}`,
      `control.grpc.port=${ports[0]}`,
      `control.admin.port=${ports[1]}`,
      'control.http.port=0',
    ];
  }

  get address(): string {
    return `127.0.0.1:${this.#ports[0]}`;
  }

  async start(): Promise<void> {
    this.#process = await startService('control-plane', { set: this.#set });
  }

  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL');
    this.#process = undefined;
  }

  async view(): Promise<ListNodesResponse> {
    const client = new AdminServiceClient(`127.0.0.1:${this.#ports[1]}`, credentials.createInsecure());
    try {
      return await callUnary(client, client.listNodes, ListNodesRequest.create({}));
    } finally {
      client.close();
    }
  }
}

function usable(plane: RunningCore): number {
  return plane.table.pool('default').fresh.length;
}

describeWithConsul('three control planes over one Consul', (binary) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-cluster-'));
  let consul: ConsulAgent;
  const controls: Control[] = [];
  let planes: RunningCore[] = [];
  let agents: NodeAgent[] = [];
  /** The fewest nodes that any plane could give new work to, since it was last set. */
  let fewest = NODES.length;

  beforeAll(async () => {
    consul = await startConsul(binary);
    for (let i = 0; i < 3; i += 1) controls.push(new Control(consul, [await freePort(), await freePort()]));
    await Promise.all(controls.map((control) => control.start()));
    agents = NODES.map(startAgent);
    planes = await Promise.all(['sip-1', 'sip-2'].map(startPlane));
    for (const plane of planes)
      plane.onTable((table) => (fewest = Math.min(fewest, table.pool('default').fresh.length)));
    await until('every plane can use every node', () => planes.every((plane) => usable(plane) === NODES.length));
    fewest = NODES.length;
  }, 60_000);

  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
    await Promise.all(planes.map((plane) => plane.close()));
    await Promise.all(controls.map((control) => control.kill()));
    await consul.close();
    rmSync(stateDir, { recursive: true });
  });

  function addresses(): string[] {
    return controls.map((control) => control.address);
  }

  function startAgent(nodeId: string, index: number): NodeAgent {
    const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 + index };
    const node = testNode(nodeId, [endpoint], { incarnation: randomUUID() });
    return startNodeAgent({ ...SHARED, insecure: false, node, controlPlanes: addresses() });
  }

  function startPlane(planeId: string): Promise<RunningCore> {
    const set = [`cluster.stateDir=${stateDir}`, `cluster.controlPlanes=${JSON.stringify(addresses())}`];
    const context = { ...SHARED, config: loadConfig({ set }), incarnation: randomUUID() };
    return startPlaneCore(context, { protocol: Protocol.SIP, planeId, admin: { host: '127.0.0.1', port: 0 } });
  }

  /** All control planes that run and all planes agree, and every node is well. */
  async function inStep(...running: Control[]): Promise<void> {
    await until(
      'all views are equal',
      async () => {
        const views = await Promise.all(running.map((control) => control.view().catch(() => undefined)));
        const [first] = views;
        return (
          views.every((view) => view?.revision?.index === first?.revision?.index) &&
          views.every(
            (view) => view?.nodes.filter(({ node }) => node?.state === NodeState.ACTIVE).length === NODES.length,
          ) &&
          planes.every((plane) => plane.table.revision?.index === first?.revision?.index) &&
          agents.every((agent) => agent.connected)
        );
      },
      20_000,
    );
  }

  it('agree on nodes and revision, whoever heard of them', async () => {
    await inStep(...controls);
    const [view] = await Promise.all(controls.map((control) => control.view()));
    expect(view?.nodes.map(({ node }) => node?.nodeId)).toEqual(NODES);
    expect(fewest).toBe(NODES.length);
  }, 30_000);

  it('lose one after the other by kill -9, and no plane loses a node', async () => {
    const [one, two, three] = controls as [Control, Control, Control];
    await one.kill();
    await inStep(two, three);
    await two.kill();
    await inStep(three);
    await one.start();
    await two.start();
    await three.kill();
    await inStep(one, two);
    await three.start();
    await inStep(one, two, three);
    expect(fewest).toBe(NODES.length);
  }, 120_000);

  it('lose Consul itself with all its memory, and no plane loses a node', async () => {
    const { lineage } = planes[0]?.table.revision ?? {};
    const { port } = consul;
    await consul.close();
    consul = await startConsul(binary, { port });
    await until('the lineage is new', () => planes.every((plane) => plane.table.revision?.lineage !== lineage), 30_000);
    await inStep(...controls);
    expect(fewest).toBe(NODES.length);
  }, 90_000);
});
