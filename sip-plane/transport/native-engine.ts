import { listenError } from '../../runtime/errors';
import { SCAN_INTS, type Edits } from '../message';
import { AddressRecord, QUEUE_INTS, Queue, RECORD_INTS, type NativeUdp } from '../native';
import type { Peer } from './peer';
import { BATCH_SIZE, DatagramBatch, type UdpEngine, type UdpOptions } from './udp-engine';

/** A datagram's longest, and a bit more: at a power of two all slots would fall on the same lines of the caches. */
const SLOT_BYTES = 65_536 + 1088;
const ARENA_BYTES = 2 << 20;
/** Datagrams that may wait for the flush. */
const MAX_QUEUED = 256;
const NOTHING = Buffer.alloc(0);
const NO_SPLICES = new Int32Array(0);
// Locals of this file are constants to the engine; fields of an imported object are not.
const { LENGTH, PORT, FAMILY, SCOPE, WORD } = AddressRecord;
const { OFFSET, COMPOSED, START, END, FIRST_SPLICE, SPLICES } = Queue;
const INTS = QUEUE_INTS;

/**
 * UDP by recvmmsg and sendmmsg: one call into the system for up to 64 datagrams each way. The addon reads plain messages while it receives
 * them and puts together what is forwarded while it sends it.
 */
export class NativeEngine implements UdpEngine {
  readonly name = 'native';
  readonly port: number;
  readonly #native: NativeUdp;
  readonly #socket: ReturnType<NativeUdp['open']>;
  readonly #options: UdpOptions;
  readonly #family: 4 | 6;
  readonly #batch: DatagramBatch;
  readonly #arrived = Buffer.allocUnsafeSlow(SLOT_BYTES * BATCH_SIZE);
  /** The address records of what arrived. */
  readonly #arrivals = new Uint32Array(RECORD_INTS * BATCH_SIZE);
  /** Of each datagram that waits: its address record, and what it is made of. */
  readonly #queue = new Uint32Array(QUEUE_INTS * MAX_QUEUED);
  readonly #queuedPeers: Peer[] = [];
  readonly out: Buffer = Buffer.allocUnsafeSlow(ARENA_BYTES);
  outAt = 0;
  #queued = 0;
  /** What the datagrams that wait are made of: one source and one list of edits at a time. */
  #source: Buffer = NOTHING;
  #edits: Edits | undefined;
  #closed = false;

  /** Binds. Throws ADDRESS_… errors. */
  constructor(native: NativeUdp, options: UdpOptions) {
    this.#native = native;
    this.#options = options;
    this.#family = options.host.includes(':') ? 6 : 4;
    const indexes = new Int32Array(SCAN_INTS * BATCH_SIZE);
    this.#batch = new DatagramBatch(options.rules === undefined ? undefined : indexes);
    for (let i = 0; i < BATCH_SIZE; i += 1) {
      this.#batch.buffers[i] = this.#arrived;
      this.#batch.starts[i] = i * SLOT_BYTES;
    }
    try {
      this.#socket = native.open({
        host: options.host,
        port: options.port,
        inherited: options.inherited,
        arena: this.#arrived,
        slotBytes: SLOT_BYTES,
        records: this.#arrivals,
        indexes,
        ...options.rules,
        onBatch: (count) => this.#received(count),
        onRefused: (count) => this.#refused(count),
      });
    } catch (error) {
      throw listenError(options.what, options.host, options.port, error);
    }
    this.port = native.port(this.#socket);
  }

  reserve(length: number): void {
    if (this.outAt + length > ARENA_BYTES || this.#queued === MAX_QUEUED) this.flush();
  }

  commit(length: number, peer: Peer): void {
    if (peer.family !== this.#family) return this.#options.sendFailed(peer);
    this.#queue[this.#queued * INTS + COMPOSED] = 0;
    this.#enqueue(length, peer);
  }

  send(source: Buffer, start: number, end: number, edits: Edits, length: number, peer: Peer): void {
    if (peer.family !== this.#family) return this.#options.sendFailed(peer);
    if (this.#source !== source || this.#edits !== edits) this.flush();
    this.reserve(length);
    this.#source = source;
    this.#edits = edits;
    edits.close();
    const at = this.#queued * INTS;
    const queue = this.#queue;
    queue[at + COMPOSED] = 1;
    queue[at + START] = start;
    queue[at + END] = end;
    queue[at + FIRST_SPLICE] = edits.firstSplice;
    queue[at + SPLICES] = edits.spliceCount;
    this.#enqueue(length, peer);
  }

  flush(): void {
    const count = this.#queued;
    if (count === 0) return;
    const queue = this.#queue;
    const source = this.#source;
    const edits = this.#edits;
    this.#queued = 0;
    this.outAt = 0;
    this.#source = NOTHING;
    this.#edits = undefined;
    if (this.#closed) return;
    const inserts = edits?.inserts ?? NOTHING;
    const splices = edits?.splices ?? NO_SPLICES;
    if (this.#native.send(this.#socket, this.out, queue, count, source, inserts, splices) === 0) return;
    for (let i = 0; i < count; i += 1) {
      if (queue[i * INTS + LENGTH] === 0) this.#options.sendFailed(this.#queuedPeers[i] as Peer);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.close(this.#socket);
  }

  #enqueue(length: number, peer: Peer): void {
    const at = this.#queued * INTS;
    const queue = this.#queue;
    const { ipv6 } = peer;
    queue[at + LENGTH] = length;
    queue[at + PORT] = peer.port;
    queue[at + OFFSET] = this.outAt;
    if (ipv6 === undefined) {
      queue[at + FAMILY] = 4;
      queue[at + WORD] = peer.ipv4;
    } else {
      queue[at + FAMILY] = 6;
      queue[at + SCOPE] = peer.scope;
      for (let i = 0; i < 4; i += 1) queue[at + WORD + i] = ipv6[i] as number;
    }
    this.#queuedPeers[this.#queued] = peer;
    this.#queued += 1;
    this.outAt += length;
  }

  #received(count: number): void {
    if (this.#closed) return;
    const batch = this.#batch;
    batch.count = count;
    for (let i = 0; i < count; i += 1) {
      batch.ends[i] = i * SLOT_BYTES + (this.#arrivals[i * RECORD_INTS + LENGTH] as number);
      batch.peers[i] = this.#peerAt(i * RECORD_INTS);
    }
    this.#options.handler(batch);
  }

  #refused(count: number): void {
    if (this.#closed) return;
    for (let i = 0; i < count; i += 1) this.#options.refused(this.#peerAt(i * RECORD_INTS));
  }

  #peerAt(at: number): Peer {
    const arrivals = this.#arrivals;
    const { peers } = this.#options;
    const port = arrivals[at + PORT] as number;
    if (this.#family === 4) return peers.ofIpv4(arrivals[at + WORD] as number, port);
    return peers.ofIpv6(arrivals, at + WORD, arrivals[at + SCOPE] as number, port);
  }
}
