import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { listenError } from '../../runtime/errors';
import { TlsMaterial } from '../../runtime/tls';
import type { Forwarder, ForwarderOptions } from '../forward';
import { Http2Clients } from '../http2';
import { Tunnels } from '../tunnel';
import { ClientConnection } from './client-connection';
import { HeadParser } from './head-parser';
import { HeadWriter } from './head-writer';
import { NodePools } from './node-pool';
import { TrustedPeers } from './trusted-peers';
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
  readonly addresses: Record<string, string> = {};
  readonly #deps: WireDeps;
  readonly #nodeTls: TlsMaterial;
  readonly #ownTls: TlsMaterial | undefined;
  readonly #http2: Http2Clients;
  readonly #servers: Server[] = [];
  readonly #clients = new Set<ClientConnection>();

  constructor(options: ForwarderOptions) {
    const { core, config, figures } = options;
    this.#nodeTls = new TlsMaterial(config.nodeTls, { ...core, what: 'http plane, connections to nodes' });
    const { tls } = config.https;
    this.#ownTls = tls && new TlsMaterial(tls, { ...core, what: 'http plane https' });
    this.#http2 = new Http2Clients(options, this.#nodeTls);
    this.#deps = {
      ...options,
      pools: new NodePools({
        maxConnections: config.maxNodeConnections,
        idleMs: config.nodeIdleMs,
        tls: { material: this.#nodeTls, serverName: config.nodeServerName },
      }),
      tunnels: new Tunnels({ clock: core.clock, figures, idleMs: config.tunnelIdleMs }),
      trusted: new TrustedPeers(config.trustedProxies),
      requests: new HeadParser(),
      responses: new HeadParser(),
      out: new HeadWriter(),
      redirectPort: undefined,
    };
  }

  async listen(): Promise<void> {
    const { listen, https } = this.#deps.config;
    const plain = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket, false));
    this.addresses['http'] = await this.#bind(plain, 'http plane', listen);
    if (this.#ownTls !== undefined && https.port !== null) {
      const bound = await this.#bind(this.#tlsServer(this.#ownTls), 'http plane https', { ...https, port: https.port });
      this.addresses['https'] = bound;
      if (https.redirect) this.#deps.redirectPort = Number(bound.slice(bound.lastIndexOf(':') + 1));
    }
    const sweep = this.#deps.core.clock.every(SWEEP_MS, () => this.#sweep());
    plain.once('close', () => sweep.cancel());
  }

  async close(graceMs: number): Promise<void> {
    const { clock } = this.#deps.core;
    const closed = this.#servers.map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
        }),
    );
    for (const client of this.#clients) client.drain();
    const cut = clock.after(graceMs, () => {
      for (const client of this.#clients) client.destroy();
    });
    await Promise.all([this.#deps.tunnels.close(graceMs), this.#http2.close(graceMs)]);
    await Promise.all(closed);
    cut.cancel();
    this.#deps.pools.close();
    this.#nodeTls.close();
    this.#ownTls?.close();
  }

  async #bind(server: Server, what: string, { host, port }: { host: string; port: number }): Promise<string> {
    const { config, figures } = this.#deps;
    server.maxConnections = config.maxConnections;
    server.on('drop', () => figures.reject('connections'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(what, host, port, error)));
      server.listen(port, host, resolve);
    });
    this.#servers.push(server);
    const bound = server.address() as AddressInfo;
    return `${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
  }

  #tlsServer(material: TlsMaterial): Server {
    const { config, figures } = this.#deps;
    const server = createTlsServer(
      {
        ...material.serverOptions,
        allowHalfOpen: true,
        noDelay: true,
        handshakeTimeout: config.headTimeoutMs,
        ALPNProtocols: config.https.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      },
      (socket) => this.#secured(socket),
    );
    server.on('tlsClientError', (_error, socket) => {
      figures.reject('tlsHandshake');
      socket.destroy();
    });
    server.once('close', material.follow(server));
    return server;
  }

  #secured(socket: TLSSocket): void {
    if (socket.alpnProtocol !== 'h2') {
      this.#accept(socket, true);
      return;
    }
    const { figures } = this.#deps;
    figures.connections += 1;
    socket.once('close', () => (figures.connections -= 1));
    this.#http2.accept(socket);
  }

  #accept(socket: Socket, secure: boolean): void {
    const { figures } = this.#deps;
    const client = new ClientConnection(this.#deps, socket, secure);
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
