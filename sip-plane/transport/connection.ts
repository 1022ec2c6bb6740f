import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock';
import { StreamFramer, type FramerEvents, type MessageParser, type MessageView } from '../message';
import type { Listener } from './listener';
import type { Peer } from './peer';

/** A request that waits for a connection, with the bytes to answer it from if there will be none. */
export interface Undelivered {
  /** As it came. */
  readonly original: Buffer;
  readonly listener: Listener;
  readonly peer: Peer;
  readonly connection: Connection | undefined;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly undelivered: Undelivered | undefined;
}

export interface ConnectionEvents {
  message(view: MessageView, connection: Connection): void;
  broken(view: MessageView, connection: Connection): void;
  /** Requests that were waiting when the connection could not be made. */
  undelivered(requests: readonly Undelivered[], connection: Connection): void;
  received(bytes: number): void;
  closed(connection: Connection): void;
}

export interface ConnectionOptions {
  /** Random and unique; stands in our branch and Record-Route, so it is the right to send here. */
  readonly id: number;
  readonly listener: Listener;
  readonly peer: Peer;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly parser: MessageParser;
  readonly view: MessageView;
  readonly events: ConnectionEvents;
  /** Bytes that may wait for a slow reader before the connection is cut. */
  readonly maxQueuedBytes: number;
  /** True: the socket is still connecting. */
  readonly dialling: boolean;
}

const PONG = Buffer.from('\r\n');

/** One TCP connection, theirs or ours: frames what comes, queues what goes, within limits. */
export class Connection implements FramerEvents {
  readonly id: number;
  readonly listener: Listener;
  readonly peer: Peer;
  /** When bytes last went or came, ms. */
  usedAtMs: number;
  readonly #options: ConnectionOptions;
  readonly #framer: StreamFramer;
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  #partialSinceMs = -1;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.listener = options.listener;
    this.peer = options.peer;
    this.#options = options;
    this.usedAtMs = options.clock.now();
    this.#framer = new StreamFramer(options.parser, this, options.view);
    this.#waiting = options.dialling ? [] : undefined;
    const { socket } = options;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#data(chunk));
    socket.on('connect', () => this.#connected());
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** Still connecting: what is written waits. */
  get dialling(): boolean {
    return this.#waiting !== undefined;
  }

  /** Since when a message is incomplete, ms; -1: none is. */
  get partialSinceMs(): number {
    return this.#partialSinceMs;
  }

  /** Sends bytes, which must not change afterwards. False: closed, or its reader is too slow and it is closed now. */
  write(bytes: Buffer, undelivered?: Undelivered): boolean {
    if (this.#closed) return false;
    const { socket, maxQueuedBytes } = this.#options;
    this.usedAtMs = this.#options.clock.now();
    if (socket.writableLength + this.#waitingBytes + bytes.length > maxQueuedBytes) {
      this.close();
      return false;
    }
    if (this.#waiting === undefined) socket.write(bytes);
    else {
      this.#waiting.push({ bytes, undelivered });
      this.#waitingBytes += bytes.length;
    }
    return true;
  }

  /** Cuts the connection after what was written has gone. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { socket, events } = this.#options;
    if (this.#waiting === undefined) socket.destroySoon();
    else socket.destroy();
    events.closed(this);
    const requests = (this.#waiting ?? []).flatMap(({ undelivered }) => undelivered ?? []);
    this.#waiting = undefined;
    if (requests.length > 0) events.undelivered(requests, this);
  }

  message(view: MessageView): void {
    this.#options.events.message(view, this);
  }

  ping(): void {
    this.write(PONG);
  }

  broken(view: MessageView): void {
    this.#options.events.broken(view, this);
    this.close();
  }

  #connected(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    for (const { bytes } of waiting) this.#options.socket.write(bytes);
  }

  #data(chunk: Buffer): void {
    if (this.#closed) return;
    const now = this.#options.clock.now();
    this.usedAtMs = now;
    this.#options.events.received(chunk.length);
    this.#framer.push(chunk);
    if (!this.#framer.partial) this.#partialSinceMs = -1;
    else if (this.#partialSinceMs < 0) this.#partialSinceMs = now;
  }
}
