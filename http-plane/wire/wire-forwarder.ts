import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { listenError } from '../../runtime/errors';
import type { Forwarder, ForwarderOptions } from '../forward';
import { Tunnels } from '../tunnel';
import { ClientConnection } from './client-connection';
import { HeadParser } from './head-parser';
import { HeadWriter } from './head-writer';
import { NodePools } from './node-pool';
import type { WireDeps } from './wire-deps';

/** How often deadlines are looked at: a timeout may be late by this much. */
const SWEEP_MS = 100;

/** Forwards HTTP/1.1 by the plane's own engine, straight from socket to socket. Throws listen errors. */
export async function startWireForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new WireForwarder(options);
  await forwarder.listen();
  return forwarder;
}

class WireForwarder implements Forwarder {
  address = '';
  readonly #deps: WireDeps;
  readonly #server: Server;
  readonly #clients = new Set<ClientConnection>();

  constructor(options: ForwarderOptions) {
    const { core, config, figures } = options;
    this.#deps = {
      ...options,
      pools: new NodePools({ maxConnections: config.maxNodeConnections, idleMs: config.nodeIdleMs }),
      tunnels: new Tunnels({ clock: core.clock, figures, idleMs: config.tunnelIdleMs }),
      requests: new HeadParser(),
      responses: new HeadParser(),
      out: new HeadWriter(),
    };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = config.maxConnections;
    this.#server.on('drop', () => figures.reject('connections'));
  }

  async listen(): Promise<void> {
    const { host, port } = this.#deps.config.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError('http plane', host, port, error)));
      this.#server.listen(port, host, resolve);
    });
    const bound = this.#server.address() as AddressInfo;
    this.address = `${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
    const sweep = this.#deps.core.clock.every(SWEEP_MS, () => this.#sweep());
    this.#server.once('close', () => sweep.cancel());
  }

  async close(graceMs: number): Promise<void> {
    const { clock } = this.#deps.core;
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    for (const client of this.#clients) client.drain();
    const cut = clock.after(graceMs, () => {
      for (const client of this.#clients) client.destroy();
    });
    await this.#deps.tunnels.close(graceMs);
    await closed;
    cut.cancel();
    this.#deps.pools.close();
  }

  #accept(socket: Socket): void {
    const { figures } = this.#deps;
    const client = new ClientConnection(this.#deps, socket);
    this.#clients.add(client);
    figures.connections += 1;
    socket.once('close', () => {
      figures.connections -= 1;
      this.#clients.delete(client);
    });
  }

  #sweep(): void {
    const { pools, core } = this.#deps;
    const nowMs = core.clock.now();
    for (const client of this.#clients) if (client.deadlineMs <= nowMs) client.expired();
    pools.sweep(core.clock);
  }
}
