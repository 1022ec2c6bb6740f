import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { redirectTo } from '../forward';
import { Networks } from '../../runtime/networks';
import { cleanRequest } from './clean-request';
import type { Http2Deps } from './http2-deps';
import { Http2Exchange, answerHttp2 } from './http2-exchange';
import { Http2WebSocket } from './http2-web-socket';
import { createNodeSender } from './node-sender';

const MAX_STREAMS = 100;
const MAX_HEADER_BYTES = 16_384;

/** Clients that speak HTTP/2, on sockets that TLS gave the protocol to by ALPN. */
export class Http2Clients {
  readonly #deps: Http2Deps;
  readonly #trusted: Networks;
  readonly #server: Http2Server;
  /** With the address of the client. */
  readonly #sessions = new Map<ServerHttp2Session, string>();
  /** Whose session is being opened. */
  #accepting = '';

  constructor(options: Omit<Http2Deps, 'sender'>) {
    const { config } = options;
    const sender = createNodeSender({
      tls: options.nodeTls,
      serverName: config.nodeServerName,
      maxSockets: config.maxNodeConnections,
      idleMs: config.nodeIdleMs,
    });
    this.#deps = { ...options, sender };
    this.#trusted = new Networks(config.trustedProxies);
    this.#server = createServer({
      settings: {
        maxConcurrentStreams: MAX_STREAMS,
        maxHeaderListSize: MAX_HEADER_BYTES,
        enablePush: false,
        enableConnectProtocol: true,
      },
      maxSessionMemory: 10,
      maxSessionInvalidFrames: 100,
    });
    this.#server.on('session', (session) => this.#opened(session));
    const take = (request: Http2ServerRequest, response: Http2ServerResponse): void => this.#request(request, response);
    for (const event of ['request', 'checkContinue', 'connect']) this.#server.on(event, take);
    this.#server.on('sessionError', () => options.figures.reject('http2Session'));
  }

  /** Takes a socket whose ALPN protocol is h2, of the client at that address. */
  accept(socket: TLSSocket, address: string): void {
    this.#accepting = address;
    this.#server.emit('connection', socket);
  }

  /** No new streams; those in flight have `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = [...this.#sessions.keys()].map(
      (session) =>
        new Promise((resolve) => {
          session.once('close', resolve);
          session.close();
        }),
    );
    const cut = this.#deps.core.clock.after(graceMs, () => {
      for (const session of this.#sessions.keys()) session.destroy();
    });
    await Promise.all(closed);
    cut.cancel();
    this.#deps.sender.close();
  }

  #opened(session: ServerHttp2Session): void {
    this.#sessions.set(session, this.#accepting);
    session.on('error', () => {});
    session.once('close', () => this.#sessions.delete(session));
    session.setTimeout(this.#deps.config.idleTimeoutMs, () => session.close());
  }

  #request(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const { figures, config, rewriter } = this.#deps;
    figures.request(request.method);
    request.on('error', () => {});
    const came = cleanRequest(request, config.via);
    const changed = 'status' in came ? undefined : rewriter.apply(came.target);
    const clean = 'status' in came || changed === undefined ? came : { ...came, target: changed.target };
    if ('status' in clean) answerHttp2(this.#deps, response, clean);
    else if (changed?.redirect) {
      answerHttp2(this.#deps, response, redirectTo(changed.target, changed.redirect));
    } else {
      const address = this.#sessions.get(request.stream.session as ServerHttp2Session) ?? '';
      const pair = { request, response, clean, address, trusted: this.#trusted.has(address) };
      if (clean.webSocket) new Http2WebSocket(this.#deps, pair).start();
      else new Http2Exchange(this.#deps, pair).start();
    }
  }
}
