import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HEAD_SLOW, OPTIONS_END, redirectTo, toHttps, type OwnAnswer } from '../forward';
import { Exchange } from './exchange';
import type { ExchangeClient } from './exchange-client';
import { Fault, INCOMPLETE, answerOf } from './faults';
import { CR, LF, latin1 } from './octets';
import { stampOf, type RequestStamp } from './request-head';
import { Body, viewRequest, type RequestView } from './request-view';
import type { WireDeps } from './wire-deps';

/** Longest head of a request. */
export const MAX_HEAD_BYTES = 16_384;
/** Requests that a client sends ahead are held up to here, then it is not read. */
const MAX_AHEAD_BYTES = 65_536;
/** A client that ended its side gets this long for each step: it may have gone. */
const GONE_MS = 500;
/** After a last answer the rest of the request is read and thrown away for this long, so that the answer is not lost. */
const LINGER_MS = 2000;
const EMPTY = Buffer.alloc(0);
const STOP = -1000;

/** How a client came. */
export interface ClientOrigin {
  /** Over TLS. */
  readonly secure: boolean;
  /** Its IP address, behind the proxies that tell it. */
  readonly address: string;
}

/** One client: its requests are answered one after the other, in order. */
export class ClientConnection implements ExchangeClient {
  readonly stamp: RequestStamp;
  readonly secure: boolean;
  closing = false;
  deadlineMs: number;
  readonly #deps: WireDeps;
  readonly #socket: Socket;
  #pending: Buffer | undefined;
  #exchange: Exchange | undefined;
  /** Of the request that is answered now; undefined: its head is not understood. */
  #view: RequestView | undefined;
  #processing = false;
  #lingering = false;
  #detached = false;
  #ended = false;
  #headStarted = false;

  constructor(deps: WireDeps, socket: Socket, { secure, address }: ClientOrigin) {
    this.#deps = deps;
    this.#socket = socket;
    this.secure = secure;
    this.deadlineMs = deps.core.clock.now() + deps.config.headTimeoutMs;
    this.stamp = stampOf({
      address,
      proto: secure ? 'https' : 'http',
      trusted: deps.trusted.has(address),
      via: deps.config.via,
      forwarded: deps.config.forwarded,
    });
    socket.on('data', (bytes: Buffer) => this.#data(bytes));
    socket.on('drain', () => this.#exchange?.clientDrained());
    socket.on('end', () => this.#end());
    // What went wrong is of no interest; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
    this.resume();
  }

  get idle(): boolean {
    return this.#exchange === undefined && !this.#lingering;
  }

  get backlog(): boolean {
    return this.#socket.writableLength > 0;
  }

  get sent(): number {
    return this.#socket.bytesWritten;
  }

  write(bytes: Buffer): boolean {
    this.#deps.figures.bytesToClient.value += bytes.length;
    return this.#socket.write(bytes);
  }

  expectWithin(ms: number): void {
    this.deadlineMs = this.#deps.core.clock.now() + (this.#ended ? Math.min(ms, GONE_MS) : ms);
  }

  answer(own: OwnAnswer): void {
    const { figures } = this.#deps;
    const keepAlive = this.#view?.keepAlive === true && this.#exchange?.requestDone !== false && !this.closing;
    figures.reject(own.reason);
    figures.response(own.status);
    this.write(ownAnswerBytes(own, { keepAlive, toHead: this.#view?.method === 'HEAD' }));
    this.done(keepAlive);
  }

  done(keepAlive: boolean): void {
    this.#exchange = undefined;
    this.#view = undefined;
    if (!keepAlive || this.closing) {
      this.#finish();
      return;
    }
    this.expectWithin(this.#deps.config.idleTimeoutMs);
    this.resume();
    if (!this.#processing) this.#next();
  }

  cut(): void {
    this.#exchange = undefined;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  detach(): { socket: Socket; early: Buffer } {
    const early = this.#pending ?? EMPTY;
    this.#pending = undefined;
    this.#exchange = undefined;
    this.#detached = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    for (const event of ['data', 'drain', 'end', 'error']) this.#socket.removeAllListeners(event);
    return { socket: this.#socket, early };
  }

  /** The plane closes: no more requests after the one in flight. */
  drain(): void {
    this.closing = true;
    if (this.#exchange === undefined && !this.#detached) this.#finish();
  }

  destroy(): void {
    if (!this.#detached) this.#socket.destroy();
  }

  /** What was awaited did not come in time. */
  expired(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    if (this.#lingering || (this.#ended && !this.#exchange)) this.#socket.destroy();
    else if (this.#exchange !== undefined) this.#expireExchange(this.#exchange);
    else if (this.#headStarted) this.answer(HEAD_SLOW);
    else this.#finish();
  }

  #expireExchange(exchange: Exchange): void {
    if (this.#ended) this.#socket.destroy();
    else exchange.expired();
  }

  #data(bytes: Buffer): void {
    if (this.#lingering) return;
    const pending = this.#pending;
    this.#pending = undefined;
    this.#process(pending === undefined ? bytes : Buffer.concat([pending, bytes]));
  }

  #next(): void {
    const pending = this.#pending;
    if (pending !== undefined) {
      this.#pending = undefined;
      this.#process(pending);
    } else if (this.#ended) this.#finish();
  }

  #process(buffer: Buffer): void {
    const end = buffer.length;
    let pos = 0;
    this.#processing = true;
    while (pos < end && !this.#lingering) {
      const behind =
        this.#exchange === undefined ? this.#head(buffer, pos, end) : this.#body(this.#exchange, buffer, pos);
      if (behind === STOP) break;
      if (behind < 0) this.#refuse(behind);
      else pos = behind;
    }
    this.#processing = false;
    // A client that has ended its side will not complete what it began.
    if (this.#ended && this.#exchange === undefined) this.#finish();
    else if (pos < end && !this.#lingering && !this.#socket.destroyed) this.#hold(buffer, pos);
  }

  #hold(buffer: Buffer, pos: number): void {
    this.#pending = buffer.subarray(pos);
    if (this.#exchange !== undefined && this.#pending.length > MAX_AHEAD_BYTES) this.pause();
  }

  #body(exchange: Exchange, buffer: Buffer, pos: number): number {
    return exchange.requestDone ? STOP : exchange.feed(buffer, pos, buffer.length);
  }

  #head(buffer: Buffer, from: number, end: number): number {
    const { requests, figures, config, core, rewriter } = this.#deps;
    let start = from;
    // An empty line before a request is forgiven (RFC 9112 2.2).
    while (start + 1 < end && buffer[start] === CR && buffer[start + 1] === LF) start += 2;
    if (start === end) return end;
    const behind = requests.request(buffer, start, end);
    if ((behind === INCOMPLETE ? end : behind) - start > MAX_HEAD_BYTES) return tooLong(buffer, start);
    if (behind === INCOMPLETE) {
      if (!this.#headStarted) this.deadlineMs = core.clock.now() + config.headTimeoutMs;
      this.#headStarted = true;
      return STOP;
    }
    this.#headStarted = false;
    if (behind < 0) return behind;
    const came = viewRequest(requests, buffer, start, config.via);
    figures.request(typeof came === 'number' ? latin1(buffer, start, requests.methodEnd) : came.method);
    if (typeof came === 'number') return came;
    const changed = rewriter.apply(came.target);
    const view = changed === undefined ? came : { ...came, target: changed.target, asCame: false };
    const own = this.#ownAnswer(came) ?? (changed?.redirect ? redirectTo(changed.target, changed.redirect) : undefined);
    if (own !== undefined) {
      // A body that nobody reads ends the connection.
      const bare = view.body === Body.NONE;
      this.#view = bare ? view : undefined;
      this.answer(own);
      return bare ? behind : STOP;
    }
    this.#view = view;
    const exchange = new Exchange(this.#deps, this, view);
    this.#exchange = exchange;
    return exchange.begin(buffer, start, behind, end);
  }

  /** Requests that no node sees. */
  #ownAnswer(view: RequestView): OwnAnswer | undefined {
    const { redirectPort } = this.#deps;
    if (redirectPort !== undefined && !this.secure && view.host !== '') {
      return toHttps(view.host, redirectPort, view.target);
    }
    return view.maxForwards === 0 ? OPTIONS_END : undefined;
  }

  /** The bytes are no request: the answer says why, and the connection ends with it. */
  #refuse(fault: number): void {
    this.#exchange?.abandon();
    this.#exchange = undefined;
    this.#view = undefined;
    this.answer(answerOf(fault));
  }

  #end(): void {
    this.#ended = true;
    if (this.#lingering || this.#exchange === undefined) this.#finish();
    else this.expectWithin(GONE_MS);
  }

  /** Ends our side when all is sent, and waits a little for the client's. */
  #finish(): void {
    this.#exchange = undefined;
    this.#pending = undefined;
    // From here on nothing is read as a request, whatever still comes.
    const again = this.#lingering;
    this.#lingering = true;
    if (this.#ended) this.#socket.destroySoon();
    if (this.#ended || again) return;
    this.expectWithin(LINGER_MS);
    this.#socket.end();
    this.resume();
  }

  #closed(): void {
    this.#exchange?.abandon();
    this.#exchange = undefined;
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }
}

/** 414 when not even the first line has an end, else 431. */
function tooLong(buffer: Buffer, start: number): number {
  const line = buffer.indexOf('\r\n', start, 'latin1');
  return line === -1 || line - start > MAX_HEAD_BYTES ? Fault.TARGET_TOO_LONG : Fault.HEAD_TOO_LONG;
}

function ownAnswerBytes(own: OwnAnswer, { keepAlive, toHead }: { keepAlive: boolean; toHead: boolean }): Buffer {
  let text = `HTTP/1.1 ${own.status} ${STATUS_CODES[own.status] ?? ''}\r\nContent-Type: text/plain\r\n`;
  for (const [name, value] of Object.entries(own.headers ?? {})) text += `${name}: ${value}\r\n`;
  text += `Content-Length: ${own.text.length + 1}\r\n${keepAlive ? '' : 'Connection: close\r\n'}\r\n`;
  return Buffer.from(toHead ? text : `${text}${own.text}\n`, 'latin1');
}
