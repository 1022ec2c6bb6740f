import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../runtime/clock';
import { listenError } from '../../runtime/errors';
import type { Random } from '../../runtime/random';
import { MessageView, type MessageParser } from '../message';
import { Connection, type ConnectionEvents, type Undelivered } from './connection';
import type { Listener } from './listener';
import type { Peer } from './peer';
import type { PeerTable } from './peer-table';

/** Bytes that may wait for one slow reader. */
const MAX_QUEUED_BYTES = 1 << 20;
const CONNECT_TIMEOUT_MS = 5000;

export interface TcpOptions {
  /** Names the listener in errors. */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly peers: PeerTable;
  readonly parser: MessageParser;
  readonly maxHeaders: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxConnections: number;
  readonly idleConnectionMs: number;
  readonly partialMessageMs: number;
  readonly events: TcpEvents;
}

/** What a TCP transport tells the plane. */
export interface TcpEvents {
  message(view: MessageView, connection: Connection): void;
  broken(view: MessageView, connection: Connection): void;
  undelivered(requests: readonly Undelivered[], connection: Connection): void;
  received(bytes: number): void;
  /** A connection was turned away or cut: `too-many`, `idle`, `partial`. */
  cut(reason: string): void;
}

/** The TCP connections of one leg: those that came to the listener and those that we made, found by id and by peer. */
export class TcpTransport implements ConnectionEvents {
  readonly port: number;
  readonly #server: Server;
  readonly #options: TcpOptions;
  readonly #view: MessageView;
  readonly #byId = new Map<number, Connection>();
  readonly #byPeer = new Map<number | string, Connection>();
  readonly #sweep: Timer;
  #listener: Listener | undefined;
  #closing = false;

  private constructor(server: Server, options: TcpOptions) {
    this.#server = server;
    this.#options = options;
    this.#view = new MessageView(options.maxHeaders);
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
    const everyMs = Math.max(100, Math.min(5000, options.partialMessageMs / 2));
    this.#sweep = options.clock.every(everyMs, () => this.#cutOld());
  }

  /** Listens. Rejects with ADDRESS_… errors. */
  static async open(options: TcpOptions): Promise<TcpTransport> {
    const server = createServer({ noDelay: true, keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(options.what, options.host, options.port, error)));
      server.listen({ host: options.host, port: options.port }, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', () => {});
    return new TcpTransport(server, options);
  }

  /** Tells who we are here; nothing is read before. */
  serve(listener: Listener): void {
    this.#listener = listener;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The open connection with that id, if it is still there. */
  byId(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  /** The open connection to a peer, whoever made it. */
  existing(peer: Peer): Connection | undefined {
    return this.#byPeer.get(peer.key);
  }

  /** The connection to a peer, dialled if there is none; undefined when the leg has as many as it may. */
  to(peer: Peer): Connection | undefined {
    const existing = this.#byPeer.get(peer.key);
    if (existing !== undefined) return existing;
    const { host, maxConnections, clock } = this.#options;
    if (this.#closing || this.#listener === undefined || this.#byId.size >= maxConnections) return undefined;
    const wildcard = host === '0.0.0.0' || host === '::';
    const socket = connect({ host: peer.host, port: peer.port, ...(wildcard ? {} : { localAddress: host }) });
    const connection = this.#add(socket, peer, true);
    const timeout = clock.after(CONNECT_TIMEOUT_MS, () => connection.close());
    socket.once('connect', () => timeout.cancel());
    socket.once('close', () => timeout.cancel());
    return connection;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#sweep.cancel();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#byId.values()) connection.close();
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

  closed(connection: Connection): void {
    this.#byId.delete(connection.id);
    if (this.#byPeer.get(connection.peer.key) === connection) this.#byPeer.delete(connection.peer.key);
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (this.#listener === undefined || remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    if (this.#closing || this.#byId.size >= this.#options.maxConnections) {
      this.#options.events.cut('too-many');
      socket.destroy();
      return;
    }
    this.#add(socket, this.#options.peers.ofText(remoteAddress, remotePort), false);
  }

  #add(socket: Socket, peer: Peer, dialling: boolean): Connection {
    const { clock, parser } = this.#options;
    const connection = new Connection({
      id: this.#freeId(),
      listener: this.#listener as Listener,
      peer,
      socket,
      clock,
      parser,
      view: this.#view,
      events: this,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      dialling,
    });
    this.#byId.set(connection.id, connection);
    this.#byPeer.set(peer.key, connection);
    return connection;
  }

  /** 1 to 2^35 - 1: seven characters of base 32. */
  #freeId(): number {
    for (;;) {
      const id = 1 + Math.floor(this.#options.random() * 0x7_ffff_fffe);
      if (!this.#byId.has(id)) return id;
    }
  }

  #cutOld(): void {
    const { clock, events, idleConnectionMs, partialMessageMs } = this.#options;
    const now = clock.now();
    for (const connection of this.#byId.values()) {
      const partial = connection.partialSinceMs >= 0 && now - connection.partialSinceMs > partialMessageMs;
      if (!partial && now - connection.usedAtMs <= idleConnectionMs) continue;
      events.cut(partial ? 'partial' : 'idle');
      connection.close();
    }
  }
}
