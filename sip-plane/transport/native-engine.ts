import { listenError } from '../../runtime/errors';
import type { NativeUdp } from '../native';
import type { Peer } from './peer';
import { BATCH_SIZE, DatagramBatch, type UdpEngine, type UdpOptions } from './udp-engine';

/** A datagram's longest, and a bit more: at a power of two all slots would fall on the same lines of the caches. */
const SLOT_BYTES = 65_536 + 1088;
const ARENA_BYTES = 2 << 20;
/** Datagrams that may wait for the flush. */
const MAX_QUEUED = 256;

/** UDP over IPv4 by recvmmsg and sendmmsg: one call into the system for up to 64 datagrams each way. */
export class NativeEngine implements UdpEngine {
  readonly name = 'native';
  readonly port: number;
  readonly #native: NativeUdp;
  readonly #socket: ReturnType<NativeUdp['open']>;
  readonly #options: UdpOptions;
  readonly #batch = new DatagramBatch();
  readonly #arrived = Buffer.allocUnsafeSlow(SLOT_BYTES * BATCH_SIZE);
  /** Length, address, port of each datagram that arrived. */
  readonly #arrivals = new Uint32Array(3 * BATCH_SIZE);
  /** Offset, length, address, port of each datagram that waits. */
  readonly #queue = new Uint32Array(4 * MAX_QUEUED);
  readonly #queuedPeers: Peer[] = [];
  readonly out: Buffer = Buffer.allocUnsafeSlow(ARENA_BYTES);
  outAt = 0;
  #queued = 0;
  #closed = false;

  /** Binds. Throws ADDRESS_… errors. */
  constructor(native: NativeUdp, options: UdpOptions) {
    this.#native = native;
    this.#options = options;
    for (let i = 0; i < BATCH_SIZE; i += 1) {
      this.#batch.buffers[i] = this.#arrived;
      this.#batch.starts[i] = i * SLOT_BYTES;
    }
    const received = (count: number): void => this.#received(count);
    try {
      this.#socket = native.open(
        options.inherited ?? options.host,
        options.port,
        this.#arrived,
        SLOT_BYTES,
        this.#arrivals,
        received,
      );
    } catch (error) {
      throw listenError(options.what, options.host, options.port, error);
    }
    this.port = native.port(this.#socket);
  }

  reserve(length: number): void {
    if (this.outAt + length > ARENA_BYTES || this.#queued === MAX_QUEUED) this.flush();
  }

  commit(length: number, peer: Peer): void {
    if (peer.ipv4 < 0) return this.#options.sendFailed(peer);
    const at = this.#queued * 4;
    const queue = this.#queue;
    queue[at] = this.outAt;
    queue[at + 1] = length;
    queue[at + 2] = peer.ipv4;
    queue[at + 3] = peer.port;
    this.#queuedPeers[this.#queued] = peer;
    this.#queued += 1;
    this.outAt += length;
  }

  flush(): void {
    const count = this.#queued;
    if (count === 0) return;
    this.#queued = 0;
    this.outAt = 0;
    if (this.#closed || this.#native.send(this.#socket, this.out, this.#queue, count) === 0) return;
    for (let i = 0; i < count; i += 1) {
      if (this.#queue[i * 4 + 1] === 0) this.#options.sendFailed(this.#queuedPeers[i] as Peer);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.close(this.#socket);
  }

  #received(count: number): void {
    if (this.#closed) return;
    const batch = this.#batch;
    batch.count = count;
    for (let i = 0; i < count; i += 1) {
      batch.ends[i] = i * SLOT_BYTES + (this.#arrivals[i * 3] as number);
      batch.peers[i] = this.#options.peers.ofIpv4(
        this.#arrivals[i * 3 + 1] as number,
        this.#arrivals[i * 3 + 2] as number,
      );
    }
    this.#options.handler(batch);
  }
}
