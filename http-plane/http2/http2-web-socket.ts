import { randomBytes, createHash } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import type { PlaneNode } from '../../data-plane';
import { Transport, type Endpoint } from '../../proto';
import type { Timer } from '../../runtime/clock';
import {
  CONNECT_SLOW,
  NODE_FAILED,
  NODE_GARBLED,
  NODE_SLOW,
  NODE_UNREACHABLE,
  endpointFor,
  unavailable,
  type OwnAnswer,
} from '../forward';
import { asHeaders, fieldsForClient } from './answer-fields';
import { answerHttp2 } from './http2-exchange';
import type { Http2Deps, Http2Pair } from './http2-deps';
import { fieldsForNode } from './hop-headers';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Status in the access log when the client left before the answer. */
const CLIENT_LEFT = 499;
/** What the handshake of HTTP/1.1 needs and HTTP/2 has no place for (RFC 8441 5.1). */
const ENDS = new Set(['sec-websocket-accept', 'sec-websocket-key']);

/** A WebSocket that came as an extended CONNECT (RFC 8441): the handshake of HTTP/1.1 with a node, then a tunnel. */
export class Http2WebSocket {
  readonly #deps: Http2Deps;
  readonly #pair: Http2Pair;
  readonly #stream: ServerHttp2Stream;
  readonly #key = randomBytes(16).toString('base64');
  readonly #startedMs: number;
  #node: PlaneNode | undefined;
  #outgoing: ClientRequest | undefined;
  #limit: Timer | undefined;
  #connected = false;
  #slow = false;
  #tries = 0;
  #over = false;

  constructor(deps: Http2Deps, pair: Http2Pair) {
    this.#deps = deps;
    this.#pair = pair;
    this.#stream = pair.response.stream;
    this.#startedMs = deps.core.clock.now();
  }

  start(): void {
    this.#deps.figures.active += 1;
    this.#stream.once('close', () => this.#left());
    this.#stream.on('error', () => {});
    this.#try(this.#deps.router.choose(this.#pair.clean));
  }

  #try(node: PlaneNode | undefined): void {
    const { config } = this.#deps;
    const { request, clean, address, trusted } = this.#pair;
    const endpoint = node && endpointFor(node, { encrypted: config.encryptToNodes, webSocket: true });
    if (node === undefined || endpoint === undefined) {
      this.#answer(unavailable(config, clean.target));
      return;
    }
    this.#node = node;
    this.#tries += 1;
    this.#connected = false;
    this.#slow = false;
    node.live.requests += 1;
    node.live.activeSessions += 1;
    const { via, forwarded } = config;
    const fields = fieldsForNode({ request, clean, address, trusted, via, forwarded, traceparent: '' });
    for (const [name, value] of Object.entries(this.#handshake())) fields.set(name, value);
    const secure = endpoint.transport === Transport.TLS || endpoint.transport === Transport.WSS;
    const outgoing = httpRequest({
      path: clean.target,
      setHost: false,
      headers: Object.fromEntries(fields),
      createConnection: () =>
        secure ? this.#dialTls(endpoint) : connect({ host: endpoint.host, port: endpoint.port, noDelay: true }),
    });
    this.#follow(outgoing, secure);
    outgoing.end();
  }

  #dialTls({ host, port }: Endpoint): Socket {
    const { config, nodeTls } = this.#deps;
    const name = config.nodeServerName === undefined ? {} : { servername: config.nodeServerName };
    return tlsConnect({ host, port, secureContext: nodeTls.context, ALPNProtocols: ['http/1.1'], ...name });
  }

  #handshake(): Record<string, string> {
    return {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': this.#key,
    };
  }

  #follow(outgoing: ClientRequest, secure: boolean): void {
    const { config } = this.#deps;
    this.#outgoing = outgoing;
    this.#expect(config.connectTimeoutMs);
    outgoing.once('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        this.#connected = true;
        this.#expect(config.responseTimeoutMs);
      });
    });
    outgoing.on('error', () => {
      if (outgoing === this.#outgoing) this.#failed();
    });
    outgoing.once('upgrade', (answer, socket, head) => this.#upgraded(answer, socket, head));
    outgoing.once('response', (answer) => this.#refused(answer));
  }

  #expect(ms: number): void {
    this.#limit?.cancel();
    this.#limit = this.#deps.core.clock.after(ms, () => {
      this.#slow = true;
      this.#outgoing?.destroy(new Error('the node is too slow'));
    });
  }

  #upgraded(answer: IncomingMessage, socket: Socket, head: Buffer): void {
    const { figures, tunnels, health, core } = this.#deps;
    const node = this.#node as PlaneNode;
    const wanted = createHash('sha1')
      .update(this.#key + GUID)
      .digest('base64');
    if (this.#over || answer.headers['sec-websocket-accept'] !== wanted) {
      socket.destroy();
      if (!this.#over) this.#garbled(node);
      return;
    }
    node.live.heardAtMs = core.clock.now();
    health.answered(node, 101, this.#pair.clean.target);
    const fields = fieldsForClient(answer);
    for (const name of ENDS) delete fields[name];
    this.#stream.respond({ ...asHeaders(fields), ':status': 200 });
    figures.response(200);
    this.#end(200);
    const empty = Buffer.alloc(0);
    tunnels.open({ client: this.#stream, node: socket, earlyOfClient: empty, earlyOfNode: head, target: node });
  }

  /** Any other answer is the client's, body included. */
  #refused(answer: IncomingMessage): void {
    const { figures, health } = this.#deps;
    const status = answer.statusCode ?? 502;
    health.answered(this.#node as PlaneNode, status, this.#pair.clean.target);
    if (this.#over) {
      answer.destroy();
      return;
    }
    figures.response(status);
    this.#stream.respond({ ...asHeaders(fieldsForClient(answer)), ':status': status });
    this.#end(status);
    pipeline(answer, this.#stream, () => {});
  }

  #failed(): void {
    if (this.#over) return;
    const node = this.#node as PlaneNode;
    node.live.failures += 1;
    this.#deps.health.failed(node);
    const other = this.#connected || this.#tries > 1 ? undefined : this.#deps.router.instead(node);
    if (other !== undefined) {
      node.live.activeSessions -= 1;
      this.#node = undefined;
      this.#deps.figures.retries.value += 1;
      this.#try(other);
    } else if (this.#slow) this.#answer(this.#connected ? NODE_SLOW : CONNECT_SLOW);
    else this.#answer(this.#connected ? NODE_FAILED : NODE_UNREACHABLE);
  }

  #garbled(node: PlaneNode): void {
    node.live.failures += 1;
    this.#deps.health.failed(node);
    this.#answer(NODE_GARBLED);
  }

  #answer(own: OwnAnswer): void {
    this.#end(own.status);
    answerHttp2(this.#deps, this.#pair.response, own);
  }

  /** The client reset its stream, or the session is gone: before the answer nobody waits for the node. */
  #left(): void {
    if (this.#over) return;
    this.#end(CLIENT_LEFT);
    this.#outgoing?.destroy();
  }

  /** The handshake is over, whatever came of it. */
  #end(status: number): void {
    const { figures, accessLog, core } = this.#deps;
    this.#over = true;
    this.#limit?.cancel();
    figures.active -= 1;
    if (this.#node !== undefined) this.#node.live.activeSessions -= 1;
    const { address, clean } = this.#pair;
    accessLog?.add({
      client: address,
      method: 'CONNECT',
      target: clean.target,
      version: '2.0',
      status,
      bytes: 0,
      durationMs: core.clock.now() - this.#startedMs,
      node: this.#node?.id,
    });
  }
}
