import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { redirectTo, type ForwarderOptions } from '../forward';
import type { TlsMaterial } from '../../runtime/tls';
import { cleanRequest } from './clean-request';
import { Http2Exchange, answerHttp2 } from './http2-exchange';
import { createNodeSender, type NodeSender } from './node-sender';

const MAX_STREAMS = 100;
const MAX_HEADER_BYTES = 16_384;

/** Clients that speak HTTP/2, on sockets that TLS gave the protocol to by ALPN. */
export class Http2Clients {
  readonly #options: ForwarderOptions;
  readonly #server: Http2Server;
  readonly #sender: NodeSender;
  /** With the address of the client. */
  readonly #sessions = new Map<ServerHttp2Session, string>();
  /** Whose session is being opened. */
  #accepting = '';

  constructor(options: ForwarderOptions, nodeTls: TlsMaterial) {
    const { config } = options;
    this.#options = options;
    this.#sender = createNodeSender({
      tls: nodeTls,
      serverName: config.nodeServerName,
      maxSockets: config.maxNodeConnections,
    });
    this.#server = createServer({
      settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES, enablePush: false },
      maxSessionMemory: 10,
      maxSessionInvalidFrames: 100,
    });
    this.#server.on('session', (session) => this.#opened(session));
    this.#server.on('request', (request, response) => this.#request(request, response));
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
    const cut = this.#options.core.clock.after(graceMs, () => {
      for (const session of this.#sessions.keys()) session.destroy();
    });
    await Promise.all(closed);
    cut.cancel();
    this.#sender.close();
  }

  #opened(session: ServerHttp2Session): void {
    this.#sessions.set(session, this.#accepting);
    session.on('error', () => {});
    session.once('close', () => this.#sessions.delete(session));
    session.setTimeout(this.#options.config.idleTimeoutMs, () => session.close());
  }

  #request(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const { figures, config, rewriter } = this.#options;
    figures.request(request.method);
    request.on('error', () => {});
    const came = cleanRequest(request, config.via);
    const changed = 'status' in came ? undefined : rewriter.apply(came.target);
    const clean = 'status' in came || changed === undefined ? came : { ...came, target: changed.target };
    if ('status' in clean) answerHttp2(this.#options, response, clean);
    else if (changed?.redirect) {
      answerHttp2(this.#options, response, redirectTo(changed.target, changed.redirect));
    } else {
      const address = this.#sessions.get(request.stream.session as ServerHttp2Session) ?? '';
      new Http2Exchange({ ...this.#options, sender: this.#sender }, { request, response, clean, address }).start();
    }
  }
}
