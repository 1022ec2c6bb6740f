import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { listenError } from '../../runtime/errors';
import { ProxyDoor } from '../../runtime/proxy-protocol';
import { CertificatesByName, TlsMaterial, type TlsSettings } from '../../runtime/tls';
import type { ForwarderOptions } from '../forward';
import type { ClientOrigin } from './client-connection';

/** Who takes what the listeners accept. */
export interface Arrivals {
  /** A client of HTTP/1, over TCP or TLS. */
  http1(socket: Socket, origin: ClientOrigin): void;
  /** A client that chose h2 by ALPN. */
  http2(socket: TLSSocket, address: string): void;
}

/** The plane's ports: plain and TLS, several certificates by name, PROXY headers of configured proxies. */
export class Listeners {
  /** `http`, and `https` when it is configured: `host:port` as bound. */
  readonly addresses: Record<string, string> = {};
  readonly #options: ForwarderOptions;
  readonly #arrivals: Arrivals;
  readonly #door: ProxyDoor;
  readonly #materials: readonly TlsMaterial[];
  readonly #names: CertificatesByName;
  readonly #servers: Server[] = [];
  /** Clients that proxies told of, by address and port of the connection that they came with. */
  readonly #told = new Map<string, string>();

  /** Throws TLS_MATERIAL. */
  constructor(options: ForwarderOptions, arrivals: Arrivals) {
    const { core, config, figures } = options;
    this.#options = options;
    this.#arrivals = arrivals;
    this.#door = new ProxyDoor({
      ...config.proxyProtocol,
      clock: core.clock,
      onReject: (fault) => figures.reject(`proxyProtocol.${fault}`),
    });
    const { tls, certificates } = config.https;
    const all = tls === undefined ? [] : [tls, ...certificates.map((own) => ({ ...shared(tls), ...own }))];
    this.#materials = all.map((settings) => new TlsMaterial(settings, { ...core, what: 'http plane https' }));
    this.#names = new CertificatesByName(this.#materials);
  }

  /** Throws listen errors. */
  async listen(): Promise<void> {
    const { listen, https } = this.#options.config;
    const plain = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#door.admit(socket, ({ address }) => this.#arrivals.http1(socket, { secure: false, address }));
    });
    this.addresses['http'] = await this.#bind(plain, 'http plane', listen);
    const [own] = this.#materials;
    if (own === undefined || https.port === null) return;
    const secure = this.#door.isOpen ? this.#tlsServer(own) : this.#behindDoor(this.#tlsServer(own));
    this.addresses['https'] = await this.#bind(secure, 'http plane https', { ...https, port: https.port });
  }

  /** Accepts no more; resolves when every connection of the ports is over. */
  async close(): Promise<void> {
    this.#door.close();
    await Promise.all(
      this.#servers.map(
        (server) =>
          new Promise((resolve) => {
            server.close(resolve);
          }),
      ),
    );
    for (const material of this.#materials) material.close();
  }

  async #bind(server: Server, what: string, { host, port }: { host: string; port: number }): Promise<string> {
    const { config, figures } = this.#options;
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
    const { config, figures } = this.#options;
    const server = createTlsServer(
      {
        ...material.serverOptions,
        SNICallback: (name, done) => done(null, this.#names.contextFor(name)),
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
    material.follow(server);
    return server;
  }

  /** A port whose connections reach the TLS server when their PROXY header has been read. */
  #behindDoor(secure: Server): Server {
    return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const key = keyOf(socket);
      this.#door.admit(socket, ({ address }) => {
        this.#told.set(key, address);
        socket.once('close', () => this.#told.delete(key));
        secure.emit('connection', socket);
      });
    });
  }

  #secured(socket: TLSSocket): void {
    const address = this.#told.get(keyOf(socket)) ?? socket.remoteAddress ?? '';
    if (socket.alpnProtocol === 'h2') this.#arrivals.http2(socket, address);
    else this.#arrivals.http1(socket, { secure: true, address });
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** What of a `tls` section holds for every certificate of the listener. */
function shared({ caFile, minVersion, ciphers }: TlsSettings): TlsSettings {
  return { caFile, minVersion, ciphers };
}
