import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { CloseCause, Link, LinkEvents } from './link';

/** RFC 6455 7.4.1. */
const CODES: Readonly<Record<CloseCause, number>> = { done: 1000, bad: 1002, slow: 1008, shutdown: 1001 };

/** A WebSocket as a link: one SIP message in each of its messages (RFC 7118 5). */
export class WsLink implements Link {
  readonly whole = true;
  readonly #ws: WebSocket;
  readonly #pingMs: number;
  /** Under a WebSocket that came to us. */
  readonly #socket: Socket | undefined;
  #pingedAtMs = Number.NEGATIVE_INFINITY;
  #answered = true;
  #reason: string | undefined;

  /** @param pingMs time between pings; one that is not answered by the next ends the link. */
  constructor(ws: WebSocket, pingMs: number, socket?: Socket) {
    this.#ws = ws;
    this.#pingMs = pingMs;
    this.#socket = socket;
  }

  get queuedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  start(events: LinkEvents): void {
    const ws = this.#ws;
    const alive = (): void => {
      this.#answered = true;
      events.alive();
    };
    ws.on('open', () => events.opened());
    // As one Buffer: that is what a WebSocket's binaryType is by default.
    ws.on('message', (data) => {
      this.#answered = true;
      events.bytes(data as Buffer);
    });
    ws.on('pong', alive);
    ws.on('ping', alive);
    // The closing handshake, with 1009 for what is too long, is on its way already.
    ws.on('error', (error) => {
      this.#reason = error.message;
      events.closed(this.#reason);
    });
    ws.on('close', () => events.closed(this.#reason));
  }

  write(bytes: Buffer): void {
    // Text is what browsers print in their tools; bytes that are no UTF-8 may not stand in a text frame (RFC 7118 5).
    this.#ws.send(bytes, { binary: !isUtf8(bytes) }, ignore);
  }

  end(cause: CloseCause): void {
    const ws = this.#ws;
    if (cause === 'slow') {
      ws.terminate();
      return;
    }
    ws.close(CODES[cause]);
    if (cause !== 'shutdown') return;
    if (this.#socket === undefined) ws.terminate();
    else this.#socket.destroySoon();
  }

  check(nowMs: number): boolean {
    if (nowMs - this.#pingedAtMs < this.#pingMs) return true;
    if (!this.#answered) return false;
    this.#pingedAtMs = nowMs;
    if (this.#ws.readyState !== this.#ws.OPEN) return true;
    this.#answered = false;
    this.#ws.ping();
    return true;
  }
}

/** A send that fails is followed by the event that ends the link. */
function ignore(): void {}
