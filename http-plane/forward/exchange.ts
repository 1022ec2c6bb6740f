import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Span } from '@opentelemetry/api';
import { endpointOf, type PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import type { Timer } from '../../runtime/clock';
import { traceparentOf } from '../../runtime/telemetry';
import { withForwarded, withVia } from './forwarded-headers';
import type { ForwarderOptions } from './forwarder';
import { NODE_FAILED, NODE_SLOW, NODE_UNREACHABLE, unavailable, type OwnAnswer } from './own-answer';
import { endToEnd, type CleanRequest } from './request-gate';
import { endRequestSpan, startRequestSpan } from './request-span';
import type { NodeSender } from './node-sender';

const REPLAYABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** One request and its answer: chooses the node, sends, tries once elsewhere when nothing was sent, answers exactly once. */
export class Exchange {
  readonly #options: ForwarderOptions;
  readonly #send: NodeSender;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clean: CleanRequest;
  readonly #method: string;
  readonly #span: Span | undefined;
  #node: PlaneNode | undefined;
  #outgoing: ClientRequest | undefined;
  #limit: Timer | undefined;
  #readBefore = 0;
  #writtenBefore = 0;
  #tries = 0;
  #slow = false;
  #answered = false;

  constructor(
    options: ForwarderOptions,
    send: NodeSender,
    { request, response, clean }: { request: IncomingMessage; response: ServerResponse; clean: CleanRequest },
  ) {
    this.#options = options;
    this.#send = send;
    this.#request = request;
    this.#response = response;
    this.#clean = clean;
    this.#method = request.method ?? 'GET';
    const traceparent = request.headers['traceparent'];
    this.#span = startRequestSpan(
      options.core,
      this.#method,
      typeof traceparent === 'string' ? traceparent : undefined,
    );
  }

  start(): void {
    this.#response.once('close', () => this.#finish());
    this.#try(this.#options.router.choose(this.#clean));
  }

  #try(node: PlaneNode | undefined): void {
    const endpoint = node && endpointOf(node, Transport.TCP);
    if (node === undefined || endpoint === undefined) {
      this.answer(unavailable(this.#options.config, this.#clean.target));
      return;
    }
    this.#node = node;
    this.#tries += 1;
    node.live.requests += 1;
    node.live.activeSessions += 1;
    this.#send({
      endpoint,
      request: this.#request,
      response: this.#response,
      method: this.#method,
      target: this.#clean.target,
      lines: this.#lines(),
      onSocket: (outgoing, socket) => this.#connected(outgoing, socket),
      onAnswer: (answer) => this.#relay(answer),
      onError: () => this.#failed(),
    });
  }

  #lines(): readonly string[] {
    const { request, clean } = { request: this.#request, clean: this.#clean };
    const lines = withForwarded(clean.headers, {
      client: request.socket.remoteAddress ?? '',
      proto: 'http',
      host: clean.host,
      version: request.httpVersion,
      via: this.#options.config.via,
    });
    const traceparent = traceparentOf(this.#span);
    const traced = traceparent === '' ? lines : [...without(lines, 'traceparent'), 'traceparent', traceparent];
    return clean.host === '' ? traced : ['Host', clean.host, ...traced];
  }

  /** A socket is there, perhaps still connecting: from here on the node's time runs. */
  #connected(outgoing: ClientRequest, socket: Socket): void {
    const { core, config } = this.#options;
    if (this.#outgoing !== outgoing) {
      this.#outgoing = outgoing;
      this.#readBefore = socket.bytesRead;
      this.#writtenBefore = socket.bytesWritten;
    }
    if (this.#response.destroyed) outgoing.destroy();
    this.#limit?.cancel();
    this.#limit = core.clock.after(socket.connecting ? config.connectTimeoutMs : config.responseTimeoutMs, () => {
      this.#slow = !socket.connecting;
      outgoing.destroy();
    });
  }

  #relay(answer: IncomingMessage): void {
    this.#limit?.cancel();
    const status = answer.statusCode ?? 502;
    if (this.#node !== undefined) this.#node.live.heardAtMs = this.#options.core.clock.now();
    this.#options.figures.response(status);
    this.#answered = true;
    const lines = withVia(endToEnd(answer.rawHeaders), answer.httpVersion, this.#options.config.via);
    if (!this.#response.shouldKeepAlive) lines.push('Connection', 'close');
    this.#response.writeHead(status, answer.statusMessage, lines);
    // A cut body cuts the client's connection: it never looks complete.
    pipeline(answer, this.#response, (error) => error && this.#failedNode());
  }

  #failed(): void {
    this.#limit?.cancel();
    if (this.#answered || this.#response.destroyed) return;
    const socket = this.#outgoing?.socket;
    const unsent = socket === null || socket === undefined || socket.connecting || socket.bytesWritten === 0;
    const stale = this.#outgoing?.reusedSocket === true && REPLAYABLE.has(this.#method) && !this.#clean.hasBody;
    this.#failedNode();
    const node = this.#node;
    if (node !== undefined && this.#tries < 2 && !this.#slow && (unsent || stale)) {
      node.live.activeSessions -= 1;
      this.#options.figures.retries.value += 1;
      this.#try(this.#options.router.instead(node) ?? (stale ? node : undefined));
      return;
    }
    this.answer(this.#slow ? NODE_SLOW : unsent ? NODE_UNREACHABLE : NODE_FAILED);
  }

  #failedNode(): void {
    if (this.#node !== undefined) this.#node.live.failures += 1;
  }

  /** Answers for the node. */
  answer(own: OwnAnswer): void {
    this.#answered = true;
    this.#options.figures.reject(own.reason);
    this.#options.figures.response(own.status);
    sendOwn(this.#response, own);
    // An unread body is not waited for.
    if (!this.#request.complete) this.#response.once('finish', () => this.#request.socket.destroySoon());
  }

  #finish(): void {
    this.#limit?.cancel();
    if (this.#outgoing !== undefined && !this.#response.writableFinished) this.#outgoing.destroy();
    this.#countBytes();
    if (this.#node !== undefined) this.#node.live.activeSessions -= 1;
    endRequestSpan(this.#span, this.#response.statusCode, this.#node?.id);
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

/** Writes an own answer; the connection ends with it when the request was bad. */
export function sendOwn(response: ServerResponse, own: OwnAnswer): void {
  response.writeHead(own.status, {
    'Content-Type': 'text/plain',
    'Content-Length': Buffer.byteLength(own.text) + 1,
    ...own.headers,
    ...(own.status === 400 || own.status === 501 ? { Connection: 'close' } : {}),
  });
  response.end(`${own.text}\n`);
}

function without(lines: readonly string[], name: string): string[] {
  return lines.filter((_, i) => (lines[i - (i % 2)] as string).toLowerCase() !== name);
}
