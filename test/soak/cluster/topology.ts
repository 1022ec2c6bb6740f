import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNodeAgent, type NodeAgent } from '../../../node-agent';
import { NodeState, Protocol, Transport } from '../../../proto';
import { systemClock } from '../../../runtime/clock';
import { silentLogger } from '../../../runtime/logger';
import { noTelemetry } from '../../../runtime/telemetry';
import { ConsulServers } from '../../support/consul-servers';
import { ControlProcess } from '../../support/control-cluster';
import { testNode } from '../../support/fake-core';
import { freePort } from '../../support/free-port';
import { SipServer } from '../../support/sip-endpoints';
import { RawSmsc } from '../../support/smpp-peer';
import { WebNode } from '../../support/web-node';
import { PlaneProcess, type PlaneSettings } from './plane-process';

const SHARED = { logger: silentLogger(), telemetry: noTelemetry, clock: systemClock, random: Math.random };
const NODES = 4;
const ROOMS: readonly PlaneSettings['room'][] = ['sip-plane', 'http-plane', 'smpp-plane'];

/** Three Consul servers, a control plane at each, two planes of each protocol, and four nodes that speak all three. */
export class Topology {
  readonly consul: ConsulServers;
  readonly controls: ControlProcess[] = [];
  readonly planes: PlaneProcess[] = [];
  readonly #stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-cluster-soak-'));
  readonly #agents: NodeAgent[] = [];
  readonly #servers: { close(): unknown }[] = [];

  constructor(consul: string) {
    this.consul = new ConsulServers(consul);
  }

  async start(): Promise<void> {
    await this.consul.start();
    for (let i = 0; i < 3; i += 1) {
      this.controls.push(new ControlProcess(this.consul.address(i), [await freePort(), await freePort()]));
    }
    await Promise.all(this.controls.map((control) => control.start()));
    for (let i = 0; i < NODES; i += 1) await this.#startNode(`app${i + 1}`);
    for (const room of ROOMS) {
      for (const number of [1, 2]) {
        const id = `${room.replace('-plane', '')}-${number}`;
        const settings = { room, id, controlPlanes: this.#addresses, stateDir: this.#stateDir };
        this.planes.push(await PlaneProcess.start(settings));
      }
    }
  }

  plane(id: string): PlaneProcess {
    const found = this.planes.find((plane) => plane.id === id);
    if (found === undefined) throw new Error(`no plane ${id}`);
    return found;
  }

  /** True when these control planes and all planes that run hold one revision, in which every node is ACTIVE. */
  async agrees(controls: readonly ControlProcess[]): Promise<boolean> {
    const views = await Promise.all(controls.map((control) => control.view().catch(() => undefined)));
    const index = views[0]?.revision?.index;
    const inOrder = views.every(
      (view) =>
        view?.revision?.index === index &&
        view?.nodes.filter(({ node }) => node?.state === NodeState.ACTIVE).length === NODES,
    );
    if (!inOrder || index === undefined) return false;
    const running = this.planes.filter((plane) => plane.running);
    return (await Promise.all(running.map((plane) => plane.revision()))).every((revision) => revision === index);
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.close()));
    await Promise.all(this.planes.map((plane) => plane.kill()));
    await Promise.all(this.controls.map((control) => control.kill()));
    for (const server of this.#servers) server.close();
    await this.consul.close();
    rmSync(this.#stateDir, { recursive: true });
  }

  get #addresses(): string[] {
    return this.controls.map(({ address }) => address);
  }

  async #startNode(nodeId: string): Promise<void> {
    const [sip, web, smsc] = await Promise.all([SipServer.start(), WebNode.start(nodeId), RawSmsc.start()]);
    smsc.keep = false;
    this.#servers.push(sip, web, smsc);
    const host = '127.0.0.1';
    const endpoints = [
      { protocol: Protocol.SIP, transport: Transport.UDP, host, port: sip.port },
      { protocol: Protocol.HTTP, transport: Transport.TCP, host, port: web.port },
      { protocol: Protocol.SMPP, transport: Transport.TCP, host, port: smsc.port },
    ];
    const node = testNode(nodeId, endpoints, { incarnation: randomUUID() });
    this.#agents.push(startNodeAgent({ ...SHARED, insecure: false, node, controlPlanes: this.#addresses }));
  }
}
