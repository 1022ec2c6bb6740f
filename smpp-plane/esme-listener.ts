import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Counter } from '../runtime/counters';
import { listenError } from '../runtime/errors';
import type { Peer, ProxyDoor } from '../runtime/proxy-protocol';
import type { TlsMaterial } from '../runtime/tls';

export interface EsmeListenerOptions {
  /** Names the listener in errors: "smpp" or "smpp tls". */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: plain TCP. */
  readonly tls?: TlsMaterial | undefined;
  /** A TLS handshake must be over in this time, ms. */
  readonly handshakeTimeoutMs: number;
  readonly maxConnections: number;
  readonly refused: Counter;
  readonly failedHandshakes: Counter;
  /** Reads the PROXY headers of configured proxies. */
  readonly door: ProxyDoor;
  /** An ESME is connected, its TLS handshake done; `peer` is where it really is. Its socket may be paused. */
  readonly onConnection: (socket: Socket, peer: Peer) => void;
}

/** Listens for ESMEs on one address. */
export class EsmeListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: EsmeListenerOptions;
  #unfollow: (() => void) | undefined;

  private constructor(options: EsmeListenerOptions) {
    this.#options = options;
    const { tls, door, onConnection } = options;
    if (tls === undefined) {
      this.#server = createServer((socket) => door.admit(socket, (peer) => onConnection(socket, peer)));
    } else this.#server = door.isOpen ? this.#tlsServer(tls, onConnection) : this.#behindDoor(tls);
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('drop', () => {
      options.refused.value += 1;
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Throws listen errors. */
  static async start(options: EsmeListenerOptions): Promise<EsmeListener> {
    const listener = new EsmeListener(options);
    const { what, host, port } = options;
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (error) => reject(listenError(what, host, port, error)));
      listener.#server.listen(port, host, resolve);
    });
    return listener;
  }

  /** `host:port` as really bound. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Takes no new connections; resolves when all are gone. */
  async close(): Promise<void> {
    this.#unfollow?.();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** Cuts every connection, handshakes under way included. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #tlsServer(tls: TlsMaterial, onConnection: EsmeListenerOptions['onConnection']): Server {
    const { handshakeTimeoutMs, failedHandshakes } = this.#options;
    const server = createTlsServer({ ...tls.serverOptions, handshakeTimeout: handshakeTimeoutMs }, (socket) =>
      onConnection(socket, ownPeer(socket)),
    );
    server.on('tlsClientError', (_error, socket) => {
      failedHandshakes.value += 1;
      // Node leaves a handshake that timed out open.
      socket.destroy();
    });
    this.#unfollow = tls.follow(server);
    return server;
  }

  /** The PROXY header stands before the TLS handshake. */
  #behindDoor(tls: TlsMaterial): Server {
    const { door, onConnection } = this.#options;
    const told = new Map<string, Peer>();
    const secure = this.#tlsServer(tls, (socket, own) => onConnection(socket, told.get(keyOf(own)) ?? own));
    return createServer((socket) => {
      const key = keyOf(ownPeer(socket));
      door.admit(socket, (peer) => {
        told.set(key, peer);
        socket.once('close', () => told.delete(key));
        secure.emit('connection', socket);
      });
    });
  }
}

function ownPeer({ remoteAddress = '', remotePort = 0 }: Socket): Peer {
  return { address: remoteAddress, port: remotePort };
}

function keyOf({ address, port }: Peer): string {
  return `${address} ${port}`;
}
