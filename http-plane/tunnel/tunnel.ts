import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../runtime/clock';

/** A socket, or a stream of HTTP/2. */
export type TunnelEnd = Duplex & { setNoDelay?(on: boolean): unknown; setTimeout?(ms: number): unknown };

export interface TunnelOptions {
  readonly client: TunnelEnd;
  readonly node: TunnelEnd;
  readonly clock: Clock;
  /** Both sockets are freed when neither side sends for this long, ms. */
  readonly idleMs: number;
  /** Told of each piece that goes on: bytes, and whether towards the node. */
  readonly onBytes: (bytes: number, toNode: boolean) => void;
}

/**
 * Two sockets joined byte for byte: no frame is looked at (RFC 6455 needs none of it). Back-pressure both ways, half-close passed on,
 * a reset of one side destroys the other at once.
 */
export class Tunnel {
  /** Resolves when both sockets are freed. */
  readonly closed: Promise<void>;
  readonly #options: TunnelOptions;
  readonly #idle: Timer;
  #heardAtMs: number;
  #open = 2;
  #resolveClosed = (): void => {};

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.now();
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#idle = options.clock.every(Math.max(1, options.idleMs / 4), () => this.#checkIdle());
    this.#join(options.client, options.node, true);
    this.#join(options.node, options.client, false);
  }

  /** Ends both directions in order; what does not end within `graceMs` is destroyed. */
  end(graceMs: number): void {
    const { client, node, clock } = this.#options;
    client.end();
    node.end();
    clock.after(graceMs, () => this.destroy());
  }

  destroy(): void {
    this.#options.client.destroy();
    this.#options.node.destroy();
  }

  #join(from: TunnelEnd, to: TunnelEnd, toNode: boolean): void {
    from.setNoDelay?.(true);
    from.setTimeout?.(0);
    from.on('data', (chunk: Buffer) => {
      // We have ended this way; what a peer still says before its own end has nowhere to go.
      if (to.writableEnded) return;
      this.#heardAtMs = this.#options.clock.now();
      this.#options.onBytes(chunk.length, toNode);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    from.on('error', () => this.destroy());
    from.on('close', () => this.#closed(from, to));
    if (from.destroyed) this.#closed(from, to);
    else from.resume();
  }

  #closed(from: TunnelEnd, to: TunnelEnd): void {
    // A socket that went without an orderly end takes the other with it.
    if (!from.readableEnded || from.errored !== null) to.destroy();
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#idle.cancel();
    this.#resolveClosed();
  }

  #checkIdle(): void {
    if (this.#options.clock.now() - this.#heardAtMs >= this.#options.idleMs) this.destroy();
  }
}
