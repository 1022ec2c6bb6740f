import type { Socket } from 'node:net';
import type { NodeLive } from '../../data-plane';
import { RESPONSE_BIT, commandIndex } from '../wire';
import type { Flushable, FlushQueue } from './flush-queue';
import { OutBatch } from './out-batch';
import type { SideCounters } from './side-counters';

/** Bytes waiting for a peer above which the other side is not read. */
const HIGH_MARK = 256 * 1024;
/** Bytes waiting for a peer above which the peer itself is not read: what it sends only makes answers that it does not take. */
const STOP_MARK = 1024 * 1024;

/** Told when a peer takes its bytes too slowly. */
export interface OutputListener {
  /** More than the high mark waits; once until all is written again. */
  tooMuch(): void;
  /** More than the stop mark waits. */
  farTooMuch(): void;
}

export interface LinkOutputOptions {
  readonly socket: Socket;
  readonly flushQueue: FlushQueue;
  readonly out: SideCounters;
  readonly live: NodeLive | undefined;
  readonly listener: OutputListener;
}

/** What leaves over one connection: gathered in a turn of the event loop, written at its end, counted. On the packet path. */
export class LinkOutput implements Flushable {
  /** True from more than the high mark until all is written. */
  congested = false;
  readonly #options: LinkOutputOptions;
  readonly #batch = new OutBatch();
  #queued = false;
  #closed = false;

  constructor(options: LinkOutputOptions) {
    this.#options = options;
  }

  /** Queues a request, bytes `start` to `end`; they must not change any more. */
  request(bytes: Buffer, start: number, end: number, command: number): void {
    const counter = this.#options.out.requests[commandIndex(command)];
    if (counter !== undefined) counter.value += 1;
    this.#queue(bytes, start, end);
  }

  /** Queues a response; `command` is its own or its request's. */
  response(bytes: Buffer, start: number, end: number, command: number): void {
    const counter = this.#options.out.responses[commandIndex(command & ~RESPONSE_BIT)];
    if (counter !== undefined) counter.value += 1;
    this.#queue(bytes, start, end);
  }

  /** Writes what is queued. */
  flush(): void {
    this.#queued = false;
    if (this.#closed) return;
    const { socket, listener } = this.#options;
    const pieces = this.#batch.take();
    const [first] = pieces;
    if (first === undefined) return;
    if (pieces.length === 1) this.#write(first);
    else {
      socket.cork();
      for (const piece of pieces) this.#write(piece);
      socket.uncork();
    }
    const waiting = socket.writableLength;
    if (waiting > STOP_MARK) listener.farTooMuch();
    if (waiting <= HIGH_MARK || this.congested) return;
    this.congested = true;
    listener.tooMuch();
  }

  /** Writes nothing any more. */
  close(): void {
    this.#closed = true;
  }

  #queue(bytes: Buffer, start: number, end: number): void {
    this.#batch.add(bytes, start, end);
    if (this.#queued) return;
    this.#queued = true;
    this.#options.flushQueue.add(this);
  }

  #write(piece: Buffer): void {
    const { socket, out, live } = this.#options;
    out.bytes.value += piece.length;
    if (live !== undefined) live.bytesOut += piece.length;
    socket.write(piece);
  }
}
