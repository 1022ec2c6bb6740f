import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Endpoint } from '../../proto';
import type { TlsMaterial } from '../../runtime/tls';
import { ReadBlock } from './read-block';

/** Whoever uses a connection to a node at the moment. */
export interface NodeUser {
  /** A new connection stands. */
  nodeConnected(): void;
  /** True: the bytes, or a part of them, are still needed when the call is over. */
  nodeData(bytes: Buffer): boolean;
  /** What was written has left. */
  nodeDrained(): void;
  /** The connection is over. `orderly`: the node ended its side, nothing was lost. */
  nodeGone(orderly: boolean): void;
}

/** How nodes are reached over TLS; their certificates are always verified. */
export interface NodeTls {
  readonly material: TlsMaterial;
  /** Name that the certificate is checked for; absent: the address. */
  readonly serverName: string | undefined;
}

export interface NodeConnectionOptions {
  /** The bytes come as a stream, as a tunnel needs them; else they are read into memory of the connection's own. */
  readonly streams: boolean;
  readonly tls: NodeTls | undefined;
  readonly onClose: (connection: NodeConnection) => void;
}

/** One TCP or TLS connection to a node, used by one request at a time. */
export class NodeConnection {
  readonly socket: Socket;
  user: NodeUser | undefined;
  connected = false;
  /** Requests that it carried before. */
  uses = 0;
  idleSinceMs = 0;
  #detached = false;

  constructor(endpoint: Endpoint, { streams, tls, onClose }: NodeConnectionOptions) {
    const { host, port } = endpoint;
    if (tls !== undefined) {
      const name = tls.serverName === undefined ? {} : { servername: tls.serverName };
      const { context: secureContext } = tls.material;
      const options = { host, port, secureContext, allowHalfOpen: true, ALPNProtocols: ['http/1.1'], ...name };
      this.socket = tlsConnect(options);
    } else {
      const onread = streams ? {} : { onread: this.#blockwise(new ReadBlock()) };
      this.socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...onread });
    }
    this.socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
      this.connected = true;
      this.user?.nodeConnected();
    });
    this.socket.on('data', (bytes: Buffer) => this.#data(bytes));
    this.socket.on('drain', () => this.user?.nodeDrained());
    this.socket.on('end', () => this.#gone(true));
    // What went wrong is in the figures; 'close' follows.
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      onClose(this);
      this.#gone(false);
    });
  }

  /** Nobody wants it any more. */
  destroy(): void {
    this.user = undefined;
    this.socket.destroy();
  }

  /** Hands the socket over, without listeners of this class but the one that frees its place. */
  detach(): Socket {
    this.user = undefined;
    this.#detached = true;
    for (const event of ['connect', 'secureConnect', 'data', 'drain', 'end', 'error'])
      this.socket.removeAllListeners(event);
    return this.socket;
  }

  #blockwise(block: ReadBlock): OnReadOpts {
    const callback = (length: number, memory: Uint8Array): boolean => this.#read(block, memory as Buffer, length);
    return { buffer: block.next, callback };
  }

  /** Always true: false would stop reading, which `pause` does here. */
  #read(block: ReadBlock, memory: Buffer, length: number): boolean {
    if (this.#data(memory.subarray(0, length))) block.keep();
    block.filled(length);
    return true;
  }

  #data(bytes: Buffer): boolean {
    if (this.user !== undefined) return this.user.nodeData(bytes);
    // An idle node has nothing to say: such bytes would become the next request's answer.
    this.socket.destroy();
    return false;
  }

  #gone(orderly: boolean): void {
    if (this.#detached) return;
    const user = this.user;
    this.user = undefined;
    this.socket.destroy();
    user?.nodeGone(orderly);
  }
}
