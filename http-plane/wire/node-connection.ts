import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Endpoint } from '../../proto';
import type { TlsMaterial } from '../../runtime/tls';
import type { ReadBlock } from './read-block';

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
  readonly block: ReadBlock | undefined;
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

  /** With a `block` the bytes are read into it; without, they come as a stream, as a tunnel and TLS need them. */
  constructor(endpoint: Endpoint, { block, tls, onClose }: NodeConnectionOptions) {
    const { host, port } = endpoint;
    if (tls !== undefined) {
      const name = tls.serverName === undefined ? {} : { servername: tls.serverName };
      const { context: secureContext } = tls.material;
      const options = { host, port, secureContext, allowHalfOpen: true, ALPNProtocols: ['http/1.1'], ...name };
      this.socket = tlsConnect(options);
    } else {
      const onread =
        block === undefined
          ? {}
          : { onread: { buffer: block.current, callback: (length: number) => this.#read(block, length) } };
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

  /** False stops reading; `pause` and `resume` do that here. */
  #read(block: ReadBlock, length: number): boolean {
    if (this.#data(block.take(length))) block.renew();
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
