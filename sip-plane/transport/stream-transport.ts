import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Transport } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import { listenError } from '../../runtime/errors';
import type { TlsMaterial } from '../../runtime/tls';
import { MessageView, type MessageParser } from '../message';
import { createAcceptor, type Acceptor, type WebSocketRules } from './acceptor';
import { Connection, type ConnectionEvents, type Undelivered } from './connection';
import type { ConnectionTable } from './connection-table';
import { dial, type DialTls } from './dial';
import type { Link } from './link';
import type { Listener } from './listener';
import type { Peer } from './peer';
import type { PeerTable } from './peer-table';
import type { RateLimiter } from './rate-limiter';
import type { SourceCounts } from './source-counts';

/** Bytes that may wait for one slow reader. */
const MAX_QUEUED_BYTES = 1 << 20;
const CONNECT_TIMEOUT_MS = 5000;

export interface StreamOptions {
  /** Names the listener in errors. */
  readonly what: string;
  /** TCP, TLS, WS or WSS. */
  readonly transport: Transport;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Among worker processes: the port is of this one alone. */
  readonly exclusive?: boolean;
  readonly peers: PeerTable;
  readonly table: ConnectionTable;
  readonly parser: MessageParser;
  readonly maxHeaders: number;
  readonly clock: Clock;
  readonly maxConnections: number;
  readonly idleConnectionMs: number;
  readonly partialMessageMs: number;
  readonly webSocket: WebSocketRules;
  /** Own certificate of TLS and WSS. */
  readonly tls: TlsMaterial | undefined;
  /** For connections of ours over TLS and WSS. */
  readonly dialTls: () => DialTls;
  readonly limiter: RateLimiter | undefined;
  readonly sources: SourceCounts | undefined;
  readonly events: StreamEvents;
}

/** What a stream transport tells the plane. */
export interface StreamEvents {
  message(view: MessageView, connection: Connection): void;
  broken(view: MessageView, connection: Connection): void;
  undelivered(requests: readonly Undelivered[], connection: Connection): void;
  received(bytes: number): void;
  limited(): void;
  /** A connection was turned away or cut: `too-many`, `source`, `idle`, `silent`, `partial`, `handshake`. */
  cut(reason: string): void;
  /** A handshake failed, by name. */
  refused(name: string): void;
  /** A connection of ours could not be made. */
  dialFailed(peer: Peer, transport: Transport, reason: string): void;
}

/** The connections of one listener: those that came to it and those that we made from it, found by peer. */
export class StreamTransport implements ConnectionEvents {
  readonly port: number;
  readonly #server: Server;
  readonly #options: StreamOptions;
  readonly #view: MessageView;
  readonly #acceptor: Acceptor;
  readonly #connections = new Set<Connection>();
  readonly #byPeer = new Map<number | string, Connection>();
  /** Sockets that came, and since when their handshake lasts; -1: it is done. */
  readonly #sockets = new Map<Socket, number>();
  readonly #sweep: Timer;
  #listener: Listener | undefined;
  #closing = false;

  private constructor(server: Server, options: StreamOptions) {
    this.#server = server;
    this.#options = options;
    this.#view = new MessageView(options.maxHeaders);
    this.port = (server.address() as AddressInfo).port;
    const { transport, tls, webSocket, events, clock, partialMessageMs } = options;
    this.#acceptor = createAcceptor({
      transport,
      tls,
      webSocket,
      ready: (link, raw) => this.#ready(link, raw),
      refused: (name) => events.refused(name),
    });
    server.on('connection', (socket) => this.#came(socket));
    const everyMs = Math.max(100, Math.min(5000, partialMessageMs / 2, webSocket.pingMs / 2));
    this.#sweep = clock.every(everyMs, () => this.#cutOld());
  }

  /** Listens. Rejects with ADDRESS_… errors. */
  static async open(options: StreamOptions): Promise<StreamTransport> {
    const server = createServer({ noDelay: true, keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(options.what, options.host, options.port, error)));
      const { host, port, exclusive = false } = options;
      server.listen({ host, port, exclusive, ipv6Only: true }, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', () => {});
    return new StreamTransport(server, options);
  }

  /** Tells who we are here; nothing is read before. */
  serve(listener: Listener): void {
    this.#listener = listener;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** The open connection to a peer, whoever made it. */
  existing(peer: Peer): Connection | undefined {
    return this.#byPeer.get(peer.key);
  }

  /** The connection to a peer, dialled if there is none; undefined when the listener has as many as it may, or the peer is a browser's. */
  to(peer: Peer): Connection | undefined {
    const existing = this.#byPeer.get(peer.key);
    if (existing !== undefined) return existing;
    const { host, maxConnections, clock, transport, webSocket, dialTls } = this.#options;
    const listener = this.#listener;
    if (this.#closing || listener === undefined || this.#connections.size >= maxConnections) return undefined;
    if (listener.webSocket && peer.node === undefined) return undefined;
    const wildcard = host === '0.0.0.0' || host === '::';
    const link = dial(peer, {
      transport,
      localAddress: wildcard ? undefined : host,
      tls: dialTls,
      pingMs: webSocket.pingMs,
      maxMessageBytes: webSocket.maxMessageBytes,
    });
    const connection = this.#add(link, listener, peer, true);
    const limit = clock.after(CONNECT_TIMEOUT_MS, () => {
      if (connection.dialling) connection.close('done', 'no answer in time');
    });
    connection.onOpen(() => limit.cancel());
    return connection;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#sweep.cancel();
    this.#acceptor.close();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.close('shutdown');
    for (const [socket, since] of this.#sockets) if (since >= 0) socket.destroy();
    await closed;
  }

  message(view: MessageView, connection: Connection): void {
    this.#options.events.message(view, connection);
  }

  broken(view: MessageView, connection: Connection): void {
    this.#options.events.broken(view, connection);
  }

  undelivered(requests: readonly Undelivered[], connection: Connection): void {
    if (!this.#closing) this.#options.events.undelivered(requests, connection);
  }

  received(bytes: number): void {
    this.#options.events.received(bytes);
  }

  limited(): void {
    this.#options.events.limited();
  }

  closed(connection: Connection, reason: string | undefined): void {
    this.#connections.delete(connection);
    this.#options.table.remove(connection);
    if (this.#byPeer.get(connection.peer.key) === connection) this.#byPeer.delete(connection.peer.key);
    if (!connection.dialling || this.#closing) return;
    this.#options.events.dialFailed(connection.peer, this.#options.transport, reason ?? 'closed');
  }

  #came(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    socket.on('error', () => {});
    if (this.#listener === undefined || remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const peer = this.#options.peers.ofText(remoteAddress, remotePort);
    if (this.#turnedAway(peer)) {
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, this.#options.clock.now());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#options.sources?.give(peer);
    });
    this.#acceptor.take(socket);
  }

  #turnedAway(peer: Peer): boolean {
    const { maxConnections, sources, events } = this.#options;
    if (this.#closing || this.#sockets.size >= maxConnections) {
      events.cut('too-many');
      return true;
    }
    if (sources === undefined || sources.take(peer)) return false;
    events.cut('source');
    return true;
  }

  #ready(link: Link, raw: Socket): void {
    const { remoteAddress, remotePort } = raw;
    const listener = this.#listener;
    if (this.#closing || listener === undefined || remoteAddress === undefined || remotePort === undefined) {
      link.end('shutdown');
      return;
    }
    this.#sockets.set(raw, -1);
    this.#add(link, listener, this.#options.peers.ofText(remoteAddress, remotePort), false);
  }

  #add(link: Link, listener: Listener, peer: Peer, dialling: boolean): Connection {
    const { clock, parser, table, limiter } = this.#options;
    const connection = new Connection({
      id: table.freeId(),
      listener,
      peer,
      link,
      clock,
      parser,
      view: this.#view,
      events: this,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      dialling,
      limiter,
    });
    table.add(connection);
    this.#connections.add(connection);
    this.#byPeer.set(peer.key, connection);
    return connection;
  }

  #cutOld(): void {
    const { clock, partialMessageMs, events } = this.#options;
    const now = clock.now();
    for (const connection of this.#connections) {
      const reason = this.#tooOld(connection, now);
      if (reason === undefined) continue;
      events.cut(reason);
      connection.close(reason === 'silent' ? 'slow' : 'done', reason);
    }
    for (const [socket, since] of this.#sockets) {
      if (since < 0 || now - since <= partialMessageMs) continue;
      events.cut('handshake');
      socket.destroy();
    }
  }

  #tooOld(connection: Connection, now: number): string | undefined {
    const { idleConnectionMs, partialMessageMs } = this.#options;
    if (connection.partialSinceMs >= 0 && now - connection.partialSinceMs > partialMessageMs) return 'partial';
    if (now - connection.usedAtMs > idleConnectionMs) return 'idle';
    return connection.check(now) ? undefined : 'silent';
  }
}
