/** What a link tells its connection. */
export interface LinkEvents {
  /** A link that we dialled can be written to. */
  opened(): void;
  /** Bytes of a stream as they come, or one whole WebSocket message. */
  bytes(chunk: Buffer): void;
  /** Nothing for us came, but it shows that the other end is there. */
  alive(): void;
  /** It is over; `reason` says why when it was a fault. */
  closed(reason?: string): void;
}

/** Why we close: it is done with, what came was no SIP, its reader is too slow, or the plane stops. */
export type CloseCause = 'done' | 'bad' | 'slow' | 'shutdown';

/** What carries the bytes of one connection: a TCP or TLS socket, or a WebSocket. */
export interface Link {
  /** Each chunk is one message, as over WebSocket. */
  readonly whole: boolean;
  /** Bytes that were written and wait for the system. */
  readonly queuedBytes: number;
  start(events: LinkEvents): void;
  /** Sends bytes, which must not change afterwards. */
  write(bytes: Buffer): void;
  /** Closes, in most cases when what was written has gone. */
  end(cause: CloseCause): void;
  /** Called every few seconds; false: the other end has not answered for too long. */
  check(nowMs: number): boolean;
}
