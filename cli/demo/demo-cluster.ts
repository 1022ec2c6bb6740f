import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNodeAgent, type NodeAgent } from '../../node-agent';
import { AdminServiceClient, ListNodesRequest, Node, type NodeStatus } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { TriplaneError } from '../../runtime/errors';
import { callUnary, channelCredentials, clientChannelOptions } from '../../runtime/grpc';
import { createLogger, silentLogger } from '../../runtime/logger';
import { systemRandom } from '../../runtime/random';
import { noTelemetry } from '../../runtime/telemetry';
import { Topology } from '../services';
import type { ToyNode } from './toy-node';

/** Free ports everywhere, so that the demo meets nothing that runs already; quiet logs, so that the table stays whole. */
const SETTINGS = [
  'log.level=warn',
  'control.grpc.port=0',
  'control.admin.port=0',
  'control.http.port=0',
  'control.startGraceMs=0',
  'control.statsIntervalMs=500',
  ...['external', 'internal'].flatMap((leg) => [`sip.${leg}.udpPort=0`, `sip.${leg}.tcpPort=0`]),
  ...['http', 'smpp'].map((plane) => `${plane}.listen.port=0`),
  ...['sip', 'http', 'smpp'].map((plane) => `${plane}.admin.port=0`),
];

const READY_LIMIT_MS = 20_000;

/** The real topology as child processes, and toy nodes registered in it. */
export class DemoCluster {
  readonly #stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-demo-'));
  readonly #topology: Topology;
  readonly #agents: NodeAgent[] = [];
  #admin: AdminServiceClient | undefined;

  /** `set`: further `key=value`, over the demo's own. */
  constructor(set: readonly string[]) {
    const all = [...SETTINGS, `cluster.stateDir=${JSON.stringify(this.#stateDir)}`, ...set];
    this.#topology = new Topology({
      config: loadConfig({ set: all }),
      args: all.flatMap((assignment) => ['--set', assignment]),
      clock: systemClock,
      random: systemRandom,
      logger: createLogger({ name: 'demo', level: 'warn' }),
    });
  }

  async start(): Promise<void> {
    await this.#topology.start();
    const address = this.#topology.addressesOf('control-plane')['admin'] ?? '';
    this.#admin = new AdminServiceClient(address, channelCredentials(address, false), clientChannelOptions);
  }

  /** Where clients reach the planes. */
  get entrances(): { readonly sip: string; readonly http: string; readonly smpp: string } {
    const of = (service: 'sip-plane' | 'http-plane' | 'smpp-plane', name: string): string =>
      this.#topology.addressesOf(service)[name] ?? '';
    return { sip: of('sip-plane', 'external.udp'), http: of('http-plane', 'http'), smpp: of('smpp-plane', 'smpp') };
  }

  get statistics(): string {
    return `http://${this.#topology.addressesOf('control-plane')['http']}/lbstat`;
  }

  /** Registers toys and resolves when every plane has acknowledged a state that holds them all. START_TIMEOUT after 20 s. */
  async register(toys: readonly ToyNode[]): Promise<void> {
    for (const toy of toys) {
      const node = Node.create({ nodeId: toy.id, incarnation: randomUUID(), endpoints: [...toy.endpoints] });
      const controlPlanes = [this.#topology.addressesOf('control-plane')['grpc'] ?? ''];
      const agent = { node, controlPlanes, insecure: false, logger: silentLogger(), telemetry: noTelemetry };
      this.#agents.push(startNodeAgent({ ...agent, clock: systemClock, random: systemRandom }));
    }
    const end = performance.now() + READY_LIMIT_MS;
    // Polling is one question after the other.
    // eslint-disable-next-line no-await-in-loop
    while (!(await this.#inForce(toys.length))) {
      if (performance.now() > end) {
        throw new TriplaneError('START_TIMEOUT', `the planes did not see ${toys.length} nodes within 20 s`);
      }
      // eslint-disable-next-line no-await-in-loop
      await sleep(50);
    }
  }

  async nodes(): Promise<readonly NodeStatus[]> {
    const admin = this.#client;
    const { nodes } = await callUnary(admin, admin.listNodes, ListNodesRequest.create());
    return nodes;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
    this.#admin?.close();
    await this.#topology.close();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  kill(): void {
    this.#topology.kill();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }

  get #client(): AdminServiceClient {
    if (this.#admin === undefined) throw new Error('not started');
    return this.#admin;
  }

  async #inForce(count: number): Promise<boolean> {
    const admin = this.#client;
    const { nodes, revision } = await callUnary(admin, admin.listNodes, ListNodesRequest.create());
    if (nodes.length < count || revision === undefined) return false;
    const { planes } = await callUnary(admin, admin.listPlanes, {});
    return planes.length >= 3 && planes.every(({ acked }) => acked !== undefined && acked.index >= revision.index);
  }
}
