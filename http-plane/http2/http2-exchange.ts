import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Span } from '@opentelemetry/api';
import type { PlaneNode } from '../../data-plane';
import type { Timer } from '../../runtime/clock';
import { traceparentOf } from '../../runtime/telemetry';
import {
  CONNECT_SLOW,
  NODE_FAILED,
  NODE_SLOW,
  NODE_UNREACHABLE,
  endRequestSpan,
  endpointFor,
  startRequestSpan,
  unavailable,
  type ForwarderOptions,
  type OwnAnswer,
} from '../forward';
import type { CleanRequest } from './clean-request';
import { asHeaders, fieldsForClient, passableTrailers } from './answer-fields';
import type { Http2Deps, Http2Pair } from './http2-deps';
import { fieldsForNode } from './hop-headers';
import { endWithLateLength } from './late-length';
import { mayRepeat } from './may-repeat';

/** One request that came by HTTP/2: chosen, sent by HTTP/1.1, tried once elsewhere when no node took it, answered exactly once. */
export class Http2Exchange {
  readonly #options: Http2Deps;
  readonly #request: Http2ServerRequest;
  readonly #response: Http2ServerResponse;
  readonly #clean: CleanRequest;
  readonly #address: string;
  readonly #trusted: boolean;
  readonly #span: Span | undefined;
  readonly #startedMs: number;
  #node: PlaneNode | undefined;
  #outgoing: ClientRequest | undefined;
  #limit: Timer | undefined;
  #readBefore = 0;
  #writtenBefore = 0;
  #tries = 0;
  #sent = false;
  /** On a connection that served others before. */
  #reused = false;
  #retrying = false;
  #slow = false;
  #answered = false;
  #over = false;

  constructor(options: Http2Deps, { request, response, clean, address, trusted }: Http2Pair) {
    this.#options = options;
    this.#request = request;
    this.#response = response;
    this.#clean = clean;
    this.#address = address;
    this.#trusted = trusted;
    this.#startedMs = options.core.clock.now();
    this.#span = startRequestSpan(options.core, clean.method, clean.traceparent);
  }

  start(): void {
    this.#options.figures.active += 1;
    this.#response.stream.once('close', () => this.#finish());
    this.#response.stream.on('error', () => {});
    const { router, unavailableHost } = this.#options;
    this.#try(router.choose(this.#clean) ?? unavailableHost.node, false);
  }

  #try(node: PlaneNode | undefined, fresh: boolean): void {
    const encrypted = this.#options.config.encryptToNodes;
    const endpoint = node && endpointFor(node, { encrypted, webSocket: false });
    if (node === undefined || endpoint === undefined) {
      this.#answer(unavailable(this.#options.config, this.#clean.target));
      return;
    }
    this.#node = node;
    this.#tries += 1;
    this.#outgoing = undefined;
    const tries = this.#tries;
    node.live.requests += 1;
    node.live.activeSessions += 1;
    this.#options.sender.send({
      endpoint,
      request: this.#request,
      response: this.#response,
      method: this.#clean.method,
      target: this.#clean.target,
      fields: this.#fields(),
      fresh,
      expectsContinue: this.#clean.expectsContinue,
      trailersOf: passableTrailers,
      onSocket: (outgoing, socket) => this.#assigned(outgoing, socket),
      onSend: () => this.#expect(true),
      onAnswer: (answer) => this.#relay(answer),
      onError: () => {
        if (tries === this.#tries) this.#failed();
      },
    });
  }

  #fields(): ReadonlyMap<string, string | string[]> {
    const [request, clean, address, trusted] = [this.#request, this.#clean, this.#address, this.#trusted];
    const { via, forwarded } = this.#options.config;
    return fieldsForNode({ request, clean, address, trusted, via, forwarded, traceparent: traceparentOf(this.#span) });
  }

  #assigned(outgoing: ClientRequest, socket: Socket): void {
    this.#outgoing = outgoing;
    // A node that switches protocols unasked ends the connection without an error.
    outgoing.once('close', () => {
      if (outgoing === this.#outgoing) this.#failed();
    });
    outgoing.on('information', (interim) => this.#interim(interim));
    outgoing.on('continue', () => this.#continue());
    this.#readBefore = socket.bytesRead;
    this.#writtenBefore = socket.bytesWritten;
    this.#reused = outgoing.reusedSocket;
    this.#sent = false;
    if (this.#over) outgoing.destroy();
    else this.#expect(false);
  }

  /** 102 and 103 as they come; 100 is `continue`, and node:http shows no 101 here. */
  #interim(interim: Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>): void {
    const { stream } = this.#response;
    if (this.#over || this.#answered || stream.destroyed || interim.statusCode === 100) return;
    stream.additionalHeaders({ ...asHeaders(fieldsForClient(interim)), ':status': interim.statusCode });
  }

  #continue(): void {
    if (this.#clean.expectsContinue && !this.#over && !this.#answered) this.#response.writeContinue();
  }

  /** Sets the time for what comes next: the connection, or the answer. */
  #expect(sent: boolean): void {
    const { core, config } = this.#options;
    this.#sent = sent;
    this.#limit?.cancel();
    this.#limit = core.clock.after(sent ? config.responseTimeoutMs : config.connectTimeoutMs, () => {
      this.#slow = true;
      this.#outgoing?.destroy();
      this.#failed();
    });
  }

  #relay(answer: IncomingMessage): void {
    this.#limit?.cancel();
    const { figures, health, core } = this.#options;
    const node = this.#node as PlaneNode;
    const status = answer.statusCode ?? 502;
    node.live.heardAtMs = core.clock.now();
    health.answered(node, status, this.#clean.target);
    if (this.#over) {
      answer.destroy();
      return;
    }
    this.#answered = true;
    figures.response(status);
    this.#response.writeHead(status, this.#answerFields(answer, node));
    if (this.#clean.acceptsTrailers) {
      answer.once('end', () => {
        this.#response.addTrailers(asHeaders(passableTrailers(answer.rawTrailers)));
      });
    }
    this.#outgoing?.once('error', (error) => endWithLateLength(answer, error));
    // A cut body resets the stream: it never looks complete.
    pipeline(answer, this.#response.stream, (error) => {
      if (error) this.#blame();
    });
  }

  #answerFields(answer: IncomingMessage, node: PlaneNode): OutgoingHttpHeaders {
    const { config, router } = this.#options;
    const fields = fieldsForClient(answer);
    const cookie = /^Set-Cookie: (.*)\r\n$/.exec(router.cookieFor(this.#clean, node))?.[1];
    if (cookie !== undefined) (fields['set-cookie'] ??= []).push(cookie);
    fields['via'] = [[...(fields['via'] ?? []), `${answer.httpVersion} ${config.via}`].join(', ')];
    return asHeaders(fields);
  }

  #failed(): void {
    this.#limit?.cancel();
    if (this.#answered || this.#over) return;
    this.#blame();
    const node = this.#node as PlaneNode;
    const other = this.#tries > 1 ? undefined : this.#elsewhere(node);
    if (other !== undefined) {
      node.live.activeSessions -= 1;
      this.#node = undefined;
      this.#slow = false;
      this.#countRetry();
      this.#try(other, true);
    } else if (this.#slow) this.#answer(this.#sent ? NODE_SLOW : CONNECT_SLOW);
    else this.#answer(this.#sent ? NODE_FAILED : NODE_UNREACHABLE);
  }

  /** Where the request may go again: nothing of it reached the node, or it is repeatable and the kept connection was stale. */
  #elsewhere(node: PlaneNode): PlaneNode | undefined {
    const { router } = this.#options;
    if (!this.#sent) return router.instead(node);
    if (this.#slow || !this.#reused || this.#heard || !mayRepeat(this.#clean, this.#options.figures)) return undefined;
    return router.isBound(this.#clean, node) ? node : (router.instead(node) ?? node);
  }

  get #heard(): boolean {
    return (this.#outgoing?.socket?.bytesRead ?? this.#readBefore) > this.#readBefore;
  }

  #countRetry(): void {
    const { figures } = this.#options;
    figures.retries.value += 1;
    figures.retrying += 1;
    this.#retrying = true;
  }

  #blame(): void {
    if (this.#node === undefined || this.#over) return;
    this.#node.live.failures += 1;
    this.#options.health.failed(this.#node);
  }

  #answer(own: OwnAnswer): void {
    this.#answered = true;
    answerHttp2(this.#options, this.#response, own);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#limit?.cancel();
    this.#options.figures.active -= 1;
    if (this.#retrying) this.#options.figures.retrying -= 1;
    this.#countBytes();
    if (!this.#response.stream.readableEnded || !this.#response.writableEnded) this.#outgoing?.destroy();
    if (this.#node !== undefined) this.#node.live.activeSessions -= 1;
    endRequestSpan(this.#span, this.#response.statusCode, this.#node?.id);
    this.#log();
  }

  #log(): void {
    const { accessLog, core } = this.#options;
    accessLog?.add({
      client: this.#address,
      method: this.#clean.method,
      target: this.#clean.target,
      version: '2.0',
      status: this.#response.statusCode,
      bytes: (this.#outgoing?.socket?.bytesRead ?? this.#readBefore) - this.#readBefore,
      durationMs: core.clock.now() - this.#startedMs,
      node: this.#node?.id,
    });
  }

  #countBytes(): void {
    const { figures } = this.#options;
    const socket = this.#outgoing?.socket;
    if (this.#node === undefined || socket === null || socket === undefined) return;
    const fromNode = socket.bytesRead - this.#readBefore;
    const toNode = socket.bytesWritten - this.#writtenBefore;
    this.#node.live.bytesIn += fromNode;
    this.#node.live.bytesOut += toNode;
    figures.bytesToClient.value += fromNode;
    figures.bytesToServer.value += toNode;
  }
}

/** An own answer over HTTP/2; what is left of the request is not read. */
export function answerHttp2({ figures }: ForwarderOptions, response: Http2ServerResponse, own: OwnAnswer): void {
  figures.reject(own.reason);
  figures.response(own.status);
  if (response.stream.destroyed || response.headersSent) return;
  const fields: Record<string, string | number> = {
    'content-type': 'text/plain',
    'content-length': own.text.length + 1,
  };
  for (const [name, value] of Object.entries(own.headers ?? {})) fields[name.toLowerCase()] = value;
  response.writeHead(own.status, fields);
  response.end(`${own.text}\n`);
}
