import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { listenError } from '../../runtime/errors';
import type { Edits } from '../message';
import type { Peer } from './peer';
import { DatagramBatch, type UdpEngine, type UdpOptions } from './udp-engine';

const ARENA_BYTES = 1 << 20;
const SOCKET_BUFFER_BYTES = 4 << 20;

/** Only IP literals come here; answering at once spares a turn of the event loop per datagram. */
type Lookup = (host: string, options: unknown, done: (error: null, address: string, family: number) => void) => void;
const literal: Lookup = (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4);

/** UDP over node:dgram: a batch is one datagram, and each leaves when it is committed. */
export class DgramEngine implements UdpEngine {
  readonly name = 'dgram';
  readonly port: number;
  readonly #socket: Socket;
  readonly #options: UdpOptions;
  readonly #batch = new DatagramBatch();
  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#refused(error);
  };
  #closed: Promise<void> | undefined;
  #out: Buffer = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #outAt = 0;

  private constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket;
    this.#options = options;
    this.port = socket.address().port;
    socket.on('message', (bytes, remote) => this.#received(bytes, remote));
    // Errors of single sends come to the callback; what comes here is not worth a process.
    socket.on('error', () => {});
  }

  /** Binds. Rejects with ADDRESS_… errors. */
  static async open(options: UdpOptions): Promise<DgramEngine> {
    const type = options.host.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket({ type, lookup: literal, ipv6Only: type === 'udp6' });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(listenError(options.what, options.host, options.port, error)));
      const { inherited: fd, host, port } = options;
      // In a worker process a socket is its own, unless it came by inheritance.
      socket.bind(fd === undefined ? { address: host, port, exclusive: true } : { fd, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    growBuffers(socket);
    return new DgramEngine(socket, options);
  }

  get out(): Buffer {
    return this.#out;
  }

  get outAt(): number {
    return this.#outAt;
  }

  reserve(length: number): void {
    if (this.#outAt + length <= this.#out.length) return;
    // The system may still hold datagrams of the old arena that it could not take at once.
    if (this.#socket.getSendQueueCount() > 0 || length > this.#out.length) {
      this.#out = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, length));
    }
    this.#outAt = 0;
  }

  commit(length: number, peer: Peer): void {
    const at = this.#outAt;
    this.#outAt += length;
    try {
      this.#socket.send(this.#out, at, length, peer.port, peer.host, this.#sent);
    } catch {
      // A closed socket, or an address of the other family.
      this.#options.sendFailed(peer);
    }
  }

  send(source: Buffer, start: number, end: number, edits: Edits, length: number, peer: Peer): void {
    this.reserve(length);
    edits.apply(source, start, end, this.#out, this.#outAt);
    this.commit(length, peer);
  }

  flush(): void {}

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#socket.close(resolve);
    });
    return this.#closed;
  }

  /** The callback comes later than the send: the error itself names the address. */
  #refused(error: Error & { readonly address?: string; readonly port?: number }): void {
    const { address, port } = error;
    if (address !== undefined && port !== undefined)
      this.#options.sendFailed(this.#options.peers.ofText(address, port));
  }

  #received(bytes: Buffer, remote: RemoteInfo): void {
    const batch = this.#batch;
    batch.count = 1;
    batch.buffers[0] = bytes;
    batch.starts[0] = 0;
    batch.ends[0] = bytes.length;
    batch.peers[0] = this.#options.peers.ofText(remote.address, remote.port);
    this.#options.handler(batch);
  }
}

/** The system may cap or refuse this; overload then shows earlier, nothing else. */
function growBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch {
    // Refused: the system's own size stays.
  }
}
