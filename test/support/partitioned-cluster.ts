import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { startPlaneCore, type RunningCore } from '../../data-plane';
import { AdminServiceClient, ListPlanesRequest, Protocol } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { Lan, type LanHost } from './lan';
import { DIST, startProgram, startService, type RunningProcess } from './processes';
import { until } from './until';

/** Lists are gone through in their order. */
const inOrder = (): number => 0.999;
const HTTP_PORT = 8500;
const GRPC_PORT = 7700;
const ADMIN_PORT = 7701;

/** Consul, control planes and nodes in network namespaces of their own; planes in this process. */
export class PartitionedCluster {
  readonly lan = new Lan();
  readonly consul = this.lan.add();
  readonly controls: LanHost[] = [];
  readonly planes: RunningCore[] = [];
  /** The fewest nodes that any plane knew, and could give new work to, of those that were ACTIVE at `watch`. */
  known = 0;
  usable = 0;
  readonly #stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-lan-'));
  readonly #processes: RunningProcess[] = [];

  async startConsul(binary: string): Promise<void> {
    const { namespace, address } = this.consul;
    const args = `agent -dev -bind ${address} -client ${address} -log-level err -http-port ${HTTP_PORT} -dns-port -1 -grpc-port -1`;
    this.#processes.push(startProgram('ip', ['netns', 'exec', namespace, binary, ...args.split(' ')]));
    await until('Consul knows itself', async () => (await this.#ask('catalog/nodes')).includes(address));
  }

  async startControl(): Promise<void> {
    const host = this.lan.add();
    this.controls.push(host);
    const set = [
      'cluster.insecure=true',
      'control.store=consul',
      `control.consul.address=${this.consul.address}:${HTTP_PORT}`,
      ...['grpc', 'admin', 'http'].map((name) => `control.${name}.host=${host.address}`),
    ];
    this.#processes.push(await startService('control-plane', { set, namespace: host.namespace }));
  }

  /** Nodes of one machine that go to these control planes in this order; resolves when Consul has them at the first one. */
  async startNodes(ids: readonly string[], ...controls: readonly LanHost[]): Promise<LanHost> {
    const host = this.lan.add();
    const script = `
      const { joinCluster } = require(${JSON.stringify(path.join(DIST, 'node-agent'))});
      const { Protocol, Transport } = require(${JSON.stringify(path.join(DIST, 'proto'))});
      const controlPlanes = ${JSON.stringify(controls.map(({ address }) => `${address}:${GRPC_PORT}`))};
      const place = { protocol: Protocol.SIP, transport: Transport.UDP, host: ${JSON.stringify(host.address)} };
      ${JSON.stringify(ids)}.forEach((nodeId, index) =>
        joinCluster({ node: { nodeId, endpoints: [{ ...place, port: 5080 + index }] }, controlPlanes, insecure: true, random: () => 0.999 }));
      setInterval(() => undefined, 60_000);`;
    this.#processes.push(startProgram('ip', ['netns', 'exec', host.namespace, process.execPath, '-e', script]));
    await until(`${ids.join()} are at ${controls[0]?.address}`, async () => {
      const holders = await this.holders();
      return ids.every((id) => holders.get(id) === controls[0]?.address);
    });
    return host;
  }

  /** A plane in this process that goes to these control planes in this order. */
  async startPlane(planeId: string, ...controls: readonly LanHost[]): Promise<void> {
    const addresses = controls.map(({ address }) => `${address}:${GRPC_PORT}`);
    const config = loadConfig({
      set: [
        'cluster.insecure=true',
        `cluster.stateDir=${this.#stateDir}`,
        `cluster.controlPlanes=${JSON.stringify(addresses)}`,
      ],
    });
    const shared = { logger: silentLogger(), telemetry: noTelemetry, clock: systemClock, random: inOrder };
    const admin = { host: '127.0.0.1', port: 0 };
    const core = await startPlaneCore(
      { ...shared, config, incarnation: randomUUID() },
      { protocol: Protocol.SIP, planeId, admin },
    );
    core.onTable((table) => {
      this.known = Math.min(this.known, table.nodes.length);
      this.usable = Math.min(this.usable, table.pool('default').fresh.length);
    });
    this.planes.push(core);
  }

  /** Begins to watch for nodes that planes lose, when each has so many and every control plane knows of every plane. */
  async watch(count: number): Promise<void> {
    await until('every plane can use every node', () => this.planes.every((plane) => usableOf(plane) === count));
    for (const { address } of this.controls) {
      const client = new AdminServiceClient(`${address}:${ADMIN_PORT}`, credentials.createInsecure());
      await until('the control plane knows every plane', async () => {
        const { planes } = await callUnary(client, client.listPlanes, ListPlanesRequest.create({}));
        return planes.length === this.planes.length;
      });
      client.close();
    }
    this.known = count;
    this.usable = count;
  }

  /** Node id to the address of the control plane that holds it, by Consul. */
  async holders(): Promise<Map<string, string>> {
    const instances = JSON.parse(await this.#ask('health/service/triplane-control-plane')) as CatalogRow[];
    const addresses = new Map(instances.map(({ Service }) => [Service.Meta['incarnation'], Service.Address]));
    const items = JSON.parse((await this.#ask('kv/triplane/nodes/?recurse')) || '[]') as readonly { Value: string }[];
    return new Map(
      items.map(({ Value }) => {
        const { node: record } = JSON.parse(Buffer.from(Value, 'base64').toString()) as StoredNode;
        return [record.node.nodeId, addresses.get(record.holder) ?? 'nobody'];
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.planes.map((plane) => plane.close()));
    const running = this.#processes.filter((one) => one.exitCode() === undefined);
    await Promise.all(running.map((one) => one.stop('SIGKILL')));
    this.lan.close();
    rmSync(this.#stateDir, { recursive: true });
  }

  #ask(page: string): Promise<string> {
    return fetch(`http://${this.consul.address}:${HTTP_PORT}/v1/${page}`).then(
      (response) => response.text(),
      () => '',
    );
  }
}

interface CatalogRow {
  readonly Service: { readonly Address: string; readonly Meta: Readonly<Record<string, string>> };
}

interface StoredNode {
  readonly node: { readonly holder: string; readonly node: { readonly nodeId: string } };
}

function usableOf(plane: RunningCore): number {
  return plane.table.pool('default').fresh.length;
}
