import type { Socket } from 'node:net';
import type { Timer } from '../../runtime/clock';
import { Networks } from '../../runtime/networks';
import { TlsMaterial } from '../../runtime/tls';
import type { Forwarder, ForwarderOptions } from '../forward';
import { Http2Clients } from '../http2';
import { Tunnels, drainedNodes } from '../tunnel';
import { ClientConnection, type ClientOrigin } from './client-connection';
import { HeadParser } from './head-parser';
import { HeadWriter } from './head-writer';
import { Listeners } from './listeners';
import { NodePools } from './node-pool';
import type { WireDeps } from './wire-deps';

/** How often deadlines are looked at: a timeout may be late by this much. */
const SWEEP_MS = 100;

/** Forwards HTTP/1.1 by the plane's own engine, straight from socket to socket. Throws listen errors and TLS_MATERIAL. */
export async function startWireForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new WireForwarder(options);
  try {
    await forwarder.listen();
  } catch (error) {
    await forwarder.close(0);
    throw error;
  }
  return forwarder;
}

class WireForwarder implements Forwarder {
  readonly #deps: WireDeps;
  readonly #nodeTls: TlsMaterial;
  readonly #http2: Http2Clients;
  readonly #listeners: Listeners;
  readonly #clients = new Set<ClientConnection>();
  #sweeping: Timer | undefined;

  constructor(options: ForwarderOptions) {
    const { core, config, figures } = options;
    this.#nodeTls = new TlsMaterial(config.nodeTls, { ...core, what: 'http plane, connections to nodes' });
    const tunnels = new Tunnels({ clock: core.clock, random: core.random, figures, idleMs: config.tunnelIdleMs });
    core.onTable((table, previous) => tunnels.drained(drainedNodes(table, previous)));
    this.#http2 = new Http2Clients({ ...options, tunnels, nodeTls: this.#nodeTls });
    this.#listeners = new Listeners(options, {
      http1: (socket, origin) => this.#accept(socket, origin),
      http2: (socket, address) => {
        this.#count(socket);
        this.#http2.accept(socket, address);
      },
    });
    this.#deps = {
      ...options,
      pools: new NodePools({
        maxConnections: config.maxNodeConnections,
        idleMs: config.nodeIdleMs,
        tls: { material: this.#nodeTls, serverName: config.nodeServerName },
      }),
      tunnels,
      trusted: new Networks(config.trustedProxies),
      requests: new HeadParser(),
      responses: new HeadParser(),
      out: new HeadWriter(),
      via: { pseudonym: config.via, line: Buffer.from(`Via: 1.1 ${config.via}\r\n`, 'latin1') },
      redirectPort: undefined,
    };
  }

  get addresses(): Readonly<Record<string, string>> {
    return this.#listeners.addresses;
  }

  async listen(): Promise<void> {
    const { config, core } = this.#deps;
    await this.#listeners.listen();
    const https = this.addresses['https'];
    if (https !== undefined && config.https.redirect) {
      this.#deps.redirectPort = Number(https.slice(https.lastIndexOf(':') + 1));
    }
    this.#sweeping = core.clock.every(SWEEP_MS, () => this.#sweep());
  }

  async close(graceMs: number): Promise<void> {
    const { clock } = this.#deps.core;
    const closed = this.#listeners.close();
    for (const client of this.#clients) client.drain();
    const cut = clock.after(graceMs, () => {
      for (const client of this.#clients) client.destroy();
    });
    await Promise.all([this.#deps.tunnels.close(graceMs), this.#http2.close(graceMs)]);
    await closed;
    cut.cancel();
    this.#sweeping?.cancel();
    this.#deps.pools.close();
    this.#nodeTls.close();
  }

  #accept(socket: Socket, origin: ClientOrigin): void {
    const client = new ClientConnection(this.#deps, socket, origin);
    this.#clients.add(client);
    this.#count(socket);
    socket.once('close', () => this.#clients.delete(client));
  }

  #count(socket: Socket): void {
    const { figures } = this.#deps;
    figures.connections += 1;
    socket.once('close', () => (figures.connections -= 1));
  }

  #sweep(): void {
    const { pools, core } = this.#deps;
    const nowMs = core.clock.now();
    for (const client of this.#clients) if (client.deadlineMs <= nowMs) client.expired();
    pools.sweep(core.clock);
  }
}
