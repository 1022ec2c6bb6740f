import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock';
import { readProxyHeader, type ProxyFault, type ProxyHeader } from './proxy-header';

/** `cut`: the proxy left before the header was whole. */
export type WaitFault = ProxyFault | 'timeout' | 'cut';

export interface HeaderWaitOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The header is read and off the socket, which is paused. */
  readonly onHeader: (header: ProxyHeader) => void;
  /** The socket has been destroyed. */
  readonly onReject: (fault: WaitFault) => void;
}

/** Waits on one socket for its PROXY header; tells once how that ended, and leaves no listener behind. */
export class HeaderWait {
  readonly #socket: Socket;
  readonly #options: HeaderWaitOptions;
  readonly #timer: Timer;
  #held: Buffer | undefined;

  constructor(socket: Socket, options: HeaderWaitOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#timer = options.clock.after(options.timeoutMs, () => this.#refuse('timeout'));
    socket.on('data', this.#data).on('end', this.#cut).on('close', this.#cut).on('error', ignore);
  }

  /** Nobody waits any more: closes the socket. */
  destroy(): void {
    this.#socket.destroy();
  }

  readonly #cut = (): void => this.#refuse('cut');

  readonly #data = (bytes: Buffer): void => {
    this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    const header = readProxyHeader(this.#held);
    if (typeof header === 'string') this.#refuse(header);
    else if (header !== undefined) this.#pass(header, this.#held.subarray(header.length));
  };

  #pass(header: ProxyHeader, rest: Buffer): void {
    this.#release();
    this.#socket.off('error', ignore);
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#options.onHeader(header);
  }

  #refuse(fault: WaitFault): void {
    this.#release();
    this.#socket.destroy();
    this.#options.onReject(fault);
  }

  #release(): void {
    this.#timer.cancel();
    this.#socket.off('data', this.#data).off('end', this.#cut).off('close', this.#cut);
  }
}

function ignore(): void {}
