import type { Clock } from '../../runtime/clock';
import { StreamFramer, type FramerEvents, type MessageParser, type MessageView } from '../message';
import type { CloseCause, Link, LinkEvents } from './link';
import type { Listener } from './listener';
import type { Peer } from './peer';
import type { RateLimiter } from './rate-limiter';
import { WholeMessages } from './whole-messages';

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
  /** A message was not read, because its source sends too many. */
  limited(): void;
  /** `reason`: the fault that ended it, if it was one. */
  closed(connection: Connection, reason: string | undefined): void;
}

export interface ConnectionOptions {
  /** Random and unique; stands in our branch and Record-Route, so it is the right to send here. */
  readonly id: number;
  readonly listener: Listener;
  readonly peer: Peer;
  readonly link: Link;
  readonly clock: Clock;
  readonly parser: MessageParser;
  readonly view: MessageView;
  readonly events: ConnectionEvents;
  /** Bytes that may wait for a slow reader before the connection is cut. */
  readonly maxQueuedBytes: number;
  /** True: the link is still connecting. */
  readonly dialling: boolean;
  /** Of the sources of this leg. */
  readonly limiter: RateLimiter | undefined;
}

const PONG = Buffer.from('\r\n');

/** One connection, theirs or ours: frames what comes, queues what goes, within limits. */
export class Connection implements FramerEvents, LinkEvents {
  readonly id: number;
  readonly listener: Listener;
  readonly peer: Peer;
  /** When bytes last went or came, ms. */
  usedAtMs: number;
  readonly #options: ConnectionOptions;
  readonly #framer: StreamFramer | WholeMessages;
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  #partialSinceMs = -1;
  #closed = false;
  #onOpen: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.listener = options.listener;
    this.peer = options.peer;
    this.#options = options;
    this.usedAtMs = options.clock.now();
    const { link, parser, view } = options;
    this.#framer = link.whole ? new WholeMessages(parser, this, view) : new StreamFramer(parser, this, view);
    this.#waiting = options.dialling ? [] : undefined;
    link.start(this);
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** Still connecting: what is written waits. */
  get dialling(): boolean {
    return this.#waiting !== undefined;
  }

  /** Runs a task when a connection of ours is made or has failed. */
  onOpen(task: () => void): void {
    this.#onOpen = task;
  }

  /** Since when a message is incomplete, ms; -1: none is. */
  get partialSinceMs(): number {
    return this.#partialSinceMs;
  }

  /** Sends bytes, which must not change afterwards. False: closed, or its reader is too slow and it is closed now. */
  write(bytes: Buffer, undelivered?: Undelivered): boolean {
    if (this.#closed) return false;
    const { link, maxQueuedBytes } = this.#options;
    this.usedAtMs = this.#options.clock.now();
    if (link.queuedBytes + this.#waitingBytes + bytes.length > maxQueuedBytes) {
      this.close('slow');
      return false;
    }
    if (this.#waiting === undefined) link.write(bytes);
    else {
      this.#waiting.push({ bytes, undelivered });
      this.#waitingBytes += bytes.length;
    }
    return true;
  }

  /** Cuts the connection, in most cases after what was written has gone. Idempotent. */
  close(cause: CloseCause = 'done', reason?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const { link, events } = this.#options;
    link.end(cause);
    this.#onOpen?.();
    events.closed(this, reason);
    const requests = (this.#waiting ?? []).flatMap(({ undelivered }) => undelivered ?? []);
    this.#waiting = undefined;
    if (requests.length > 0) events.undelivered(requests, this);
  }

  /** Called every few seconds; false: the other end does not answer any more. */
  check(nowMs: number): boolean {
    return this.#waiting !== undefined || this.#options.link.check(nowMs);
  }

  message(view: MessageView): void {
    const { link, events } = this.#options;
    if (!link.whole && !this.#allowed()) events.limited();
    else events.message(view, this);
  }

  ping(): void {
    this.write(PONG);
  }

  broken(view: MessageView): void {
    this.#options.events.broken(view, this);
    this.close('bad');
  }

  opened(): void {
    this.#onOpen?.();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    for (const { bytes } of waiting) this.#options.link.write(bytes);
  }

  bytes(chunk: Buffer): void {
    if (this.#closed) return;
    const { clock, events, link } = this.#options;
    const now = clock.now();
    this.usedAtMs = now;
    events.received(chunk.length);
    if (link.whole && !this.#allowed()) return events.limited();
    this.#framer.push(chunk);
    if (!this.#framer.partial) this.#partialSinceMs = -1;
    else if (this.#partialSinceMs < 0) this.#partialSinceMs = now;
  }

  alive(): void {
    this.usedAtMs = this.#options.clock.now();
  }

  closed(reason?: string): void {
    this.close('done', reason);
  }

  #allowed(): boolean {
    const { limiter, clock } = this.#options;
    return limiter === undefined || limiter.take(this.peer, clock.now());
  }
}
