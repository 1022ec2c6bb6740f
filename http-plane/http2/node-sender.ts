import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Stream } from 'node:stream';
import httpProxy from 'http-proxy';
import { Transport, type Endpoint } from '../../proto';
import type { TlsMaterial } from '../../runtime/tls';

/** What is sent, and who hears how it went. */
export interface Sending {
  readonly endpoint: Endpoint;
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly method: string;
  readonly target: string;
  readonly fields: ReadonlyMap<string, string | string[]>;
  /** On a connection that served nobody before, and none after. */
  readonly fresh: boolean;
  /** The node is asked before the body is sent. */
  readonly expectsContinue: boolean;
  /** The client's trailers that may go on. */
  readonly trailersOf: (raw: readonly string[]) => Record<string, string[]>;
  /** A socket is assigned. */
  readonly onSocket: (outgoing: ClientRequest, socket: Socket) => void;
  /** The socket stands, the request goes out. */
  readonly onSend: () => void;
  readonly onAnswer: (answer: IncomingMessage) => void;
  /** May come more than once, and after onAnswer. */
  readonly onError: (error: Error) => void;
}

export interface NodeSender {
  send(sending: Sending): void;
  close(): void;
}

export interface NodeSenderOptions {
  readonly tls: TlsMaterial;
  /** Name that certificates of nodes are checked for; absent: their address. */
  readonly serverName: string | undefined;
  /** Most connections to one node. */
  readonly maxSockets: number;
  /** A kept connection is closed after this time without use, ms: before the node does. */
  readonly idleMs: number;
}

/** Its method-specific passes break bodies (chunked DELETE, reference B.1 item 3), so http-proxy is shown a method that has none. */
const NEUTRAL_METHOD = 'FORWARDED';

/**
 * Sends by http-proxy 1.18.1 over kept connections. It decides nothing that matters: method, path, fields and answer are ours, because
 * its own handling of each can be broken from outside (reference B.1), and what it throws is an error of this one request.
 */
export function createNodeSender(senderOptions: NodeSenderOptions): NodeSender {
  const kept = new Agents(senderOptions, true);
  const fresh = new Agents(senderOptions, false);
  const proxy = httpProxy.createProxyServer({ ignorePath: true, selfHandleResponse: true, secure: true });
  const sendings = new WeakMap<object, Sending>();
  proxy.on('proxyRes', (answer, request) => sendings.get(request)?.onAnswer(answer));
  return {
    send(sending) {
      const isSecure = sending.endpoint.transport === Transport.TLS;
      const facade = facadeOf(sending);
      sendings.set(facade, sending);
      const options = {
        target: targetOf(sending.endpoint, isSecure ? 'https:' : 'http:'),
        agent: (sending.fresh ? fresh : kept).of(isSecure),
        method: sending.method,
        buffer: bodyOf(sending),
      };
      try {
        proxy.web(facade as never, sending.response as never, options, (error) => sending.onError(error));
      } catch (error) {
        sending.onError(error as Error);
      }
    },
    close() {
      kept.close();
      fresh.close();
    },
  };
}

/** Connections to nodes of both kinds, all kept or none. */
class Agents {
  readonly #plain: Agent;
  #secure: HttpsAgent;
  readonly #unfollow: () => void;

  constructor({ tls, serverName, maxSockets, idleMs }: NodeSenderOptions, keepAlive: boolean) {
    const shared = { keepAlive, maxFreeSockets: 256, maxSockets, timeout: idleMs, scheduling: 'lifo' } as const;
    const name = serverName === undefined ? {} : { servername: serverName };
    const secure = (): HttpsAgent => new HttpsAgent({ ...shared, ...tls.contextOptions, ...name });
    this.#plain = new Agent(shared);
    this.#secure = secure();
    this.#unfollow = tls.onChange(() => {
      this.#secure.destroy();
      this.#secure = secure();
    });
  }

  of(secure: boolean): Agent {
    return secure ? this.#secure : this.#plain;
  }

  close(): void {
    this.#unfollow();
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

function targetOf({ host, port }: Endpoint, protocol: string): object {
  return { protocol, host, hostname: host, port: String(port) };
}

/** The request as http-proxy may see it: nothing that it could change or misread reaches the real one. */
function facadeOf({ request, fields }: Sending): object {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return {
    method: NEUTRAL_METHOD,
    url: '/',
    headers,
    httpVersion: '1.1',
    socket: request.socket,
    connection: request.socket,
    on: () => {},
  };
}

/** A stand-in for the body: it is read only when the connection stands, so that a refused one can be tried elsewhere. */
function bodyOf(sending: Sending): Stream {
  const pipe = (outgoing: ClientRequest): void => {
    outgoing.once('socket', (socket) => {
      // The raw target: http-proxy would fold its slashes.
      outgoing.path = sending.target;
      sending.onSocket(outgoing, socket);
      const go = (): void => {
        sending.onSend();
        // Here, for http-proxy and node:http would write the head at once, with a path that is not ours.
        if (sending.expectsContinue) {
          outgoing.setHeader('expect', '100-continue');
          outgoing.flushHeaders();
        }
        passTrailers(sending, outgoing);
        sending.request.stream.pipe(outgoing);
      };
      if (socket.connecting)
        socket.once(sending.endpoint.transport === Transport.TLS ? 'secureConnect' : 'connect', go);
      else go();
    });
  };
  return { pipe } as unknown as Stream;
}

/** Trailers only fit behind chunks. They are known when the body ends, whenever that was. */
function passTrailers({ request, trailersOf, fields }: Sending, outgoing: ClientRequest): void {
  if (!fields.has('transfer-encoding')) return;
  request.stream.once('end', () => {
    const trailers = Object.entries(trailersOf(request.rawTrailers));
    const list = trailers.flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
    if (list.length > 0) outgoing.addTrailers(list);
  });
}
