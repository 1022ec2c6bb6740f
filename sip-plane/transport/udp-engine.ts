import type { Edits, ScanRules } from '../message';
import type { Peer } from './peer';
import type { PeerTable } from './peer-table';

/** Most datagrams that one turn receives. */
export const BATCH_SIZE = 64;

/** What came in one turn. Reused: valid until the handler returns. */
export class DatagramBatch {
  count = 0;
  readonly buffers: Buffer[] = [];
  readonly starts = new Int32Array(BATCH_SIZE);
  readonly ends = new Int32Array(BATCH_SIZE);
  readonly peers: Peer[] = [];
  /** What the addon read of each datagram, SCAN_INTS numbers each; absent: nothing. */
  readonly indexes: Int32Array | undefined;

  constructor(indexes?: Int32Array) {
    this.indexes = indexes;
  }
}

export type BatchHandler = (batch: DatagramBatch) => void;

/**
 * One UDP socket as the plane sees it: it receives up to 64 datagrams, has them handled, and what was written meanwhile is sent by `flush`.
 * A datagram of our own is written where the engine says, so that nothing is copied twice: `reserve`, write at `out[outAt]`, `commit`.
 * One that is forwarded is put together from the bytes that came: `send`.
 */
export interface UdpEngine {
  /** Which implementation carries it: for logs and metrics. */
  readonly name: string;
  /** The port that is really bound. */
  readonly port: number;
  /** Where the next datagram is written. */
  readonly out: Buffer;
  readonly outAt: number;
  /** Makes room for one datagram of at most `length` bytes; `out` and `outAt` may change. */
  reserve(length: number): void;
  /** Takes what was written, to be sent to `peer`. */
  commit(length: number, peer: Peer): void;
  /**
   * Takes [start, end) of `source`, changed by `edits` to `length` bytes, to be sent to `peer`. Until the flush the source must stay as it
   * is and the edits be kept.
   */
  send(source: Buffer, start: number, end: number, edits: Edits, length: number, peer: Peer): void;
  /** Sends all that was committed. */
  flush(): void;
  close(): Promise<void>;
}

export interface UdpOptions {
  /** Names the listener in errors. */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** File descriptor of a socket that is bound there already. */
  readonly inherited?: number | undefined;
  readonly peers: PeerTable;
  readonly handler: BatchHandler;
  /** Told of each datagram that the system refused to send. */
  readonly sendFailed: (peer: Peer) => void;
  /** Told when ICMP says that nobody is there; not every engine hears of it. */
  readonly refused: (peer: Peer) => void;
  /** By what an engine that can may read plain messages. */
  readonly rules?: ScanRules | undefined;
}
