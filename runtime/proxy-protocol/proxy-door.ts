import type { Socket } from 'node:net';
import type { Clock } from '../clock';
import { Networks } from '../networks';
import { HeaderWait, type WaitFault } from './header-wait';

/** Where a connection comes from. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface ProxyDoorOptions {
  /** Proxies that put the header in front of every connection, by address or network; from all others nothing of it is believed. */
  readonly from: readonly string[];
  /** The whole header must have come within this time, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** A connection was closed: its header is none, or not whole in time. */
  readonly onReject: (fault: WaitFault) => void;
}

/** Reads the PROXY header off the connections of trusted proxies before anybody else sees a byte. */
export class ProxyDoor {
  readonly #options: ProxyDoorOptions;
  readonly #proxies: Networks;
  readonly #waiting = new Set<HeaderWait>();

  constructor(options: ProxyDoorOptions) {
    this.#options = options;
    this.#proxies = new Networks(options.from);
  }

  /** No proxy is configured: connections pass as they are. */
  get isOpen(): boolean {
    return this.#proxies.none;
  }

  /**
   * Calls `open` with the client behind the connection: at once when its peer is no configured proxy, else when the header has been
   * read; never when it is refused. What came behind the header is the first that the socket gives; it is paused then: resume it.
   */
  admit(socket: Socket, open: (peer: Peer) => void): void {
    const own = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    if (!this.#proxies.has(own.address)) {
      open(own);
      return;
    }
    const wait = new HeaderWait(socket, {
      ...this.#options,
      onHeader: ({ source }) => {
        this.#waiting.delete(wait);
        open(source ?? own);
      },
      onReject: (fault) => {
        this.#waiting.delete(wait);
        this.#options.onReject(fault);
      },
    });
    this.#waiting.add(wait);
  }

  /** Closes connections whose header is still awaited. */
  close(): void {
    for (const wait of this.#waiting) wait.destroy();
  }
}
