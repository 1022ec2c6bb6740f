import { createHash } from 'node:crypto';
import { BodyWalker } from './body-walker';
import { INCOMPLETE } from './faults';
import { Kind } from './field-kinds';
import { Option } from './head-parser';
import { Body, valueOf, type RequestView } from './request-view';
import { responseBody, writeResponseHead } from './response-head';
import type { WireDeps } from './wire-deps';

/** Where an answer goes. */
export interface RelayClient {
  /** False: hold back until the client drains. */
  write(bytes: Buffer): boolean;
  /** Written bytes have not all left: their memory is still in use. */
  readonly backlog: boolean;
  /** The connection is to end with this answer. */
  readonly closing: boolean;
}

const MAX_HEAD_BYTES = 65_536;
/** Up to here a body's piece is copied behind its head, to be one write. */
const COALESCE_BYTES = 16_384;
const EMPTY = Buffer.alloc(0);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const WEB_SOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Reads a node's answer and passes it on: interim answers, head, body; what came of it stands in the fields. */
export class ResponseRelay {
  /** Something of the answer went to the client. */
  started = false;
  /** All of it did. */
  complete = false;
  /** The node switched protocols as it was asked to. */
  switched = false;
  /** The node's bytes are no answer that can be passed on. */
  fault = false;
  /** Anything at all came. */
  heard = false;
  clientFull = false;
  /** After `take`: the bytes given are still in use. */
  keepsBytes = false;
  status = 0;
  http10 = false;
  /** The client's connection may live on. */
  keepAlive = false;
  /** The node's connection may live on. */
  reusable = false;
  /** A Set-Cookie line of our own, with its end, or ''. */
  setCookie = '';
  /** Bytes behind the answer. */
  rest: Buffer = EMPTY;
  readonly #deps: WireDeps;
  readonly #client: RelayClient;
  readonly #view: RequestView;
  #held: Buffer | undefined;
  #body: BodyWalker | undefined;
  #continued = false;
  #encode = false;
  #decode = false;

  constructor(deps: WireDeps, client: RelayClient, view: RequestView) {
    this.#deps = deps;
    this.#client = client;
    this.#view = view;
  }

  /** The end of the node's connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.#body?.kind === Body.UNTIL_CLOSE;
  }

  /** Takes bytes of the node. `requestDone`: the whole request has come. */
  take(bytes: Buffer, requestDone: boolean): void {
    this.heard = true;
    this.clientFull = false;
    this.keepsBytes = false;
    if (this.#body !== undefined) this.#takeBody(bytes, 0);
    else this.#takeHead(bytes, requestDone);
  }

  /** The node's connection ended in order, and the body with it. */
  end(): void {
    if (this.#encode) this.#write(Buffer.from('0\r\n\r\n'));
    this.complete = true;
  }

  /** Asks the client for the body when the node is too old to do it. */
  continue(): void {
    this.#continued = true;
    this.#client.write(CONTINUE);
  }

  #takeHead(bytes: Buffer, requestDone: boolean): void {
    const { responses } = this.#deps;
    const buffer = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    let start = 0;
    for (;;) {
      const behind = responses.response(buffer, start, buffer.length);
      if (behind < 0 || (behind === INCOMPLETE && buffer.length - start > MAX_HEAD_BYTES)) {
        this.fault = true;
        return;
      }
      if (behind === INCOMPLETE) {
        this.#held = buffer.subarray(start);
        this.keepsBytes = true;
        return;
      }
      if (responses.status >= 200) {
        this.#final(buffer, { start, behind, requestDone });
        return;
      }
      if (responses.status === 101) {
        this.#switch(buffer, start, behind);
        return;
      }
      this.#interim(buffer, start);
      start = behind;
    }
  }

  /** 100 once, 102 and 103 as they come; an HTTP/1.0 client knows none. */
  #interim(buffer: Buffer, start: number): void {
    const { responses, out, via } = this.#deps;
    if (this.#view.minor === 0 || (responses.status === 100 && this.#continued)) return;
    if (responses.status === 100) this.#continued = true;
    writeResponseHead(out, {
      head: responses,
      buffer,
      start,
      via,
      withLength: false,
      chunked: false,
      hop: '',
    });
    this.#write(out.take());
  }

  #switch(buffer: Buffer, start: number, behind: number): void {
    const { responses, out, via, figures } = this.#deps;
    if (!this.#acceptsUpgrade(buffer)) {
      this.fault = true;
      return;
    }
    const hop = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    writeResponseHead(out, { head: responses, buffer, start, via, withLength: false, chunked: false, hop });
    figures.response(101);
    this.#write(out.take());
    this.rest = buffer.subarray(behind);
    this.keepsBytes = true;
    this.switched = true;
  }

  /** RFC 6455 4.1: Upgrade, Connection and the hash of our client's key. */
  #acceptsUpgrade(buffer: Buffer): boolean {
    const { responses } = this.#deps;
    const key = this.#view.webSocketKey;
    if (key === '' || (responses.connection & Option.UPGRADE) === 0) return false;
    if (responses.firsts[Kind.UPGRADE] === -1 || responses.firsts[Kind.WS_ACCEPT] === -1) return false;
    if (valueOf(responses, buffer, Kind.UPGRADE).toLowerCase() !== 'websocket') return false;
    const wanted = createHash('sha1')
      .update(key + WEB_SOCKET_GUID)
      .digest('base64');
    return valueOf(responses, buffer, Kind.WS_ACCEPT) === wanted;
  }

  #final(
    buffer: Buffer,
    { start, behind, requestDone }: { start: number; behind: number; requestDone: boolean },
  ): void {
    const { responses: head, out, via, figures } = this.#deps;
    const kind = responseBody(head, this.#view.method === 'HEAD');
    if (kind < 0) {
      this.fault = true;
      return;
    }
    this.#plan(kind, requestDone);
    this.#body = new BodyWalker(kind, head.contentLength);
    this.status = head.status;
    this.started = true;
    figures.response(head.status);
    const chunked = this.#encode || (kind === Body.CHUNKED && !this.#decode);
    const withLength = head.status !== 204 && kind !== Body.CHUNKED && head.contentLength !== -1;
    writeResponseHead(out, {
      head,
      buffer,
      start,
      via,
      withLength,
      chunked,
      hop: this.setCookie + this.#hop(),
    });
    if (buffer.length - behind > COALESCE_BYTES) this.#write(out.take());
    this.#takeBody(buffer, behind);
  }

  /** Decides how the body goes to the client and which connections may live on. */
  #plan(kind: number, requestDone: boolean): void {
    const { responses: head } = this.#deps;
    const modern = this.#view.minor === 1;
    this.#encode = modern && kind === Body.UNTIL_CLOSE;
    this.#decode = !modern && kind === Body.CHUNKED;
    this.http10 = head.minor === 0;
    const asked =
      head.minor === 1 ? (head.connection & Option.CLOSE) === 0 : (head.connection & Option.KEEP_ALIVE) !== 0;
    this.reusable = asked && kind !== Body.UNTIL_CLOSE;
    // A client that still waits for 100 may send its body or not: what follows could not be told apart.
    const unsure = this.#view.expectsContinue && !this.#continued && !requestDone;
    const delimited = modern || kind === Body.LENGTH || kind === Body.NONE;
    this.keepAlive = this.#view.keepAlive && delimited && !unsure && !this.#client.closing;
  }

  #hop(): string {
    if (!this.keepAlive) return 'Connection: close\r\n';
    return this.#view.minor === 0 ? 'Connection: keep-alive\r\n' : '';
  }

  #takeBody(buffer: Buffer, pos: number): void {
    const body = this.#body as BodyWalker;
    let behind = pos;
    if (!body.done && pos < buffer.length) {
      behind = this.#decode ? this.#decoded(body, buffer, pos) : this.#passed(body, buffer, pos);
    }
    if (this.#deps.out.length > 0) this.#write(this.#deps.out.take());
    if (behind < 0) {
      this.fault = true;
      return;
    }
    if (body.done) {
      this.complete = true;
      this.rest = behind === buffer.length ? EMPTY : buffer.subarray(behind);
    }
  }

  #passed(body: BodyWalker, buffer: Buffer, pos: number): number {
    const behind = body.walk(buffer, pos, buffer.length);
    if (behind < 0) return behind;
    if (this.#encode) {
      this.#deps.out.text(`${(behind - pos).toString(16)}\r\n`);
      this.#emit(buffer, pos, behind);
      this.#deps.out.lineEnd();
      return behind;
    }
    this.#emit(buffer, pos, body.passEnd);
    if (body.done && body.kind === Body.CHUNKED) this.#endChunks(body);
    return behind;
  }

  #endChunks(body: BodyWalker): void {
    const { out } = this.#deps;
    if (this.#view.acceptsTrailers) out.bytes(body.trailers, 0, body.trailers.length);
    out.lineEnd();
  }

  /** For a client that knows no chunks: data alone, its end is the connection's. */
  #decoded(body: BodyWalker, buffer: Buffer, pos: number): number {
    const data: Buffer[] = [];
    const behind = body.decode({ buffer, pos, end: buffer.length }, data);
    if (behind >= 0) for (const piece of data) this.#emit(piece, 0, piece.length);
    return behind;
  }

  /** Behind a head or in small pieces: joined; else what is there goes first, then the piece as it is. */
  #emit(buffer: Buffer, start: number, end: number): void {
    const { out } = this.#deps;
    if (end - start <= COALESCE_BYTES && out.length > 0) {
      out.bytes(buffer, start, end);
      return;
    }
    if (out.length > 0) this.#write(out.take());
    if (end === start) return;
    this.#write(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end));
    if (this.#client.backlog) this.keepsBytes = true;
  }

  #write(bytes: Buffer): void {
    if (bytes.length > 0 && !this.#client.write(bytes)) this.clientFull = true;
  }
}
