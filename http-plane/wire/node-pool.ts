import { Transport, type Endpoint } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { NodeConnection, type NodeTls, type NodeUser } from './node-connection';

const MAX_IDLE = 256;

export interface NodePoolLimits {
  /** Most connections to one endpoint. */
  readonly maxConnections: number;
  /** An idle connection is closed after this time, ms: before the node does. */
  readonly idleMs: number;
  /** For endpoints of HTTPS and WSS. */
  readonly tls: NodeTls;
}

/** What a user wants: a connection that may have served others, a new one, or a new one that can become a tunnel. */
export type Wish = 'any' | 'fresh' | 'tunnel';

/** The connections to one endpoint: the last used first, so that the rest can age. */
export class NodePool {
  /** The node last answered as HTTP/1.0. */
  http10 = false;
  readonly #endpoint: Endpoint;
  readonly #limits: NodePoolLimits;
  readonly #idle: NodeConnection[] = [];
  readonly #all = new Set<NodeConnection>();

  constructor(endpoint: Endpoint, limits: NodePoolLimits) {
    this.#endpoint = endpoint;
    this.#limits = limits;
  }

  /** A connection for the user, or undefined when the limit is reached. */
  acquire(user: NodeUser, wish: Wish): NodeConnection | undefined {
    while (wish === 'any' && this.#idle.length > 0) {
      const connection = this.#idle.pop() as NodeConnection;
      if (connection.socket.destroyed) continue;
      connection.user = user;
      connection.uses += 1;
      return connection;
    }
    if (this.#all.size >= this.#limits.maxConnections) return undefined;
    const connection = new NodeConnection(this.#endpoint, {
      streams: wish === 'tunnel',
      tls: isSecure(this.#endpoint) ? this.#limits.tls : undefined,
      onClose: this.#closed,
    });
    connection.user = user;
    this.#all.add(connection);
    return connection;
  }

  /** Takes back a connection whose request and answer are both complete. */
  release(connection: NodeConnection, nowMs: number): void {
    connection.user = undefined;
    if (this.#idle.length >= MAX_IDLE || connection.socket.destroyed || connection.socket.writableLength > 0) {
      connection.socket.destroy();
      return;
    }
    connection.idleSinceMs = nowMs;
    this.#idle.push(connection);
  }

  /** Closes what has been idle too long; the oldest stand first. */
  sweep(nowMs: number): void {
    let old = 0;
    while (old < this.#idle.length && nowMs - (this.#idle[old] as NodeConnection).idleSinceMs >= this.#limits.idleMs) {
      (this.#idle[old] as NodeConnection).destroy();
      old += 1;
    }
    if (old > 0) this.#idle.splice(0, old);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  readonly #closed = (connection: NodeConnection): void => {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  };
}

/** The pools of all endpoints. */
export class NodePools {
  readonly #limits: NodePoolLimits;
  readonly #byAddress = new Map<string, NodePool>();
  readonly #byEndpoint = new WeakMap<Endpoint, NodePool>();

  constructor(limits: NodePoolLimits) {
    this.#limits = limits;
  }

  /** The pool of an endpoint; the same for equal addresses, whichever push they came with. */
  of(endpoint: Endpoint): NodePool {
    return this.#byEndpoint.get(endpoint) ?? this.#find(endpoint);
  }

  sweep(clock: Clock): void {
    const nowMs = clock.now();
    for (const pool of this.#byAddress.values()) pool.sweep(nowMs);
  }

  close(): void {
    for (const pool of this.#byAddress.values()) pool.close();
  }

  #find(endpoint: Endpoint): NodePool {
    const address = `${endpoint.host} ${endpoint.port} ${isSecure(endpoint)}`;
    let pool = this.#byAddress.get(address);
    if (pool === undefined) {
      pool = new NodePool(endpoint, this.#limits);
      this.#byAddress.set(address, pool);
    }
    this.#byEndpoint.set(endpoint, pool);
    return pool;
  }
}

function isSecure({ transport }: Endpoint): boolean {
  return transport === Transport.TLS || transport === Transport.WSS;
}
