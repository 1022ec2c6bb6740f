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
import { testNode } from './fake-core';
import { freePort } from './free-port';
import { startService, type RunningProcess } from './processes';
import { until } from './until';

const SHARED = { logger: silentLogger(), telemetry: noTelemetry, clock: systemClock, random: Math.random };

function usable(plane: RunningCore): number {
  return plane.table.pool('default').fresh.length;
}

/** A control plane in a process of its own, that can be killed and started again on its ports. */
export class ControlProcess {
  readonly #set: readonly string[];
  readonly #ports: readonly [grpc: number, admin: number];
  #process: RunningProcess | undefined;

  /** `set`: further settings. */
  constructor(consul: string, ports: readonly [number, number], set: readonly string[] = []) {
    this.#ports = ports;
    this.#set = [
      'control.store=consul',
      `control.consul.address=${consul}`,
      `control.grpc.port=${ports[0]}`,
      `control.admin.port=${ports[1]}`,
      'control.http.port=0',
      ...set,
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

/** Several control planes as processes; two planes and four nodes of this process, which know all of them. */
export class ControlCluster {
  readonly nodeIds = ['app1', 'app2', 'app3', 'app4'];
  readonly controls: ControlProcess[] = [];
  planes: RunningCore[] = [];
  /** The fewest nodes that any plane could give new work to since `start`. */
  fewest = 0;
  readonly #stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-cluster-'));
  #agents: NodeAgent[] = [];

  /** One control plane for each address of Consul, with these settings. */
  async start(consul: readonly string[], set: readonly string[] = []): Promise<void> {
    for (const address of consul) {
      this.controls.push(new ControlProcess(address, [await freePort(), await freePort()], set));
    }
    await Promise.all(this.controls.map((control) => control.start()));
    this.#agents = this.nodeIds.map((id, index) => this.#startAgent(id, index));
    this.planes = await Promise.all(['sip-1', 'sip-2'].map((id) => this.#startPlane(id)));
    for (const plane of this.planes) {
      plane.onTable(() => (this.fewest = Math.min(this.fewest, usable(plane))));
    }
    await until('every plane can use every node', () =>
      this.planes.every((plane) => usable(plane) === this.nodeIds.length),
    );
    this.fewest = this.nodeIds.length;
  }

  /** Waits until these control planes and all planes agree, and every node is ACTIVE and heard. */
  async inStep(...running: ControlProcess[]): Promise<void> {
    const count = this.nodeIds.length;
    await until(
      'all views are equal',
      async () => {
        const views = await Promise.all(running.map((control) => control.view().catch(() => undefined)));
        const index = views[0]?.revision?.index;
        const active = views.map((view) => view?.nodes.filter(({ node }) => node?.state === NodeState.ACTIVE).length);
        return (
          views.every((view) => view?.revision?.index === index) &&
          active.every((nodes) => nodes === count) &&
          this.planes.every((plane) => plane.table.revision?.index === index) &&
          this.#agents.every((agent) => agent.connected)
        );
      },
      30_000,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
    await Promise.all(this.planes.map((plane) => plane.close()));
    await Promise.all(this.controls.map((control) => control.kill()));
    rmSync(this.#stateDir, { recursive: true });
  }

  #addresses(): string[] {
    return this.controls.map((control) => control.address);
  }

  #startAgent(nodeId: string, index: number): NodeAgent {
    const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 + index };
    const node = testNode(nodeId, [endpoint], { incarnation: randomUUID() });
    return startNodeAgent({ ...SHARED, insecure: false, node, controlPlanes: this.#addresses() });
  }

  #startPlane(planeId: string): Promise<RunningCore> {
    const set = [`cluster.stateDir=${this.#stateDir}`, `cluster.controlPlanes=${JSON.stringify(this.#addresses())}`];
    const context = { ...SHARED, config: loadConfig({ set }), incarnation: randomUUID() };
    return startPlaneCore(context, { protocol: Protocol.SIP, planeId, admin: { host: '127.0.0.1', port: 0 } });
  }
}
