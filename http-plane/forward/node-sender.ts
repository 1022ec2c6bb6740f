import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Stream } from 'node:stream';
import httpProxy from 'http-proxy';
import type { Endpoint } from '../../proto';

/** What is sent, and who hears how it went. Exactly one of onAnswer and onError is called, onError also after a cut answer. */
export interface Sending {
  readonly endpoint: Endpoint;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly target: string;
  /** Header lines: name, value, name, value. */
  readonly lines: readonly string[];
  /** Called when a socket is assigned, and again when it has connected. */
  readonly onSocket: (outgoing: ClientRequest, socket: Socket) => void;
  readonly onAnswer: (answer: IncomingMessage) => void;
  readonly onError: (error: Error) => void;
}

export type NodeSender = (sending: Sending) => void;

/** Its method-specific passes break bodies (chunked DELETE, reference B.1 item 3), so http-proxy is shown a method that has none. */
const NEUTRAL_METHOD = 'FORWARDED';

/**
 * Sends by http-proxy 1.18.1 over kept connections. It decides nothing that matters: header lines, path, answer and upgrades are ours,
 * because its own handling of each can be broken from outside (reference B.1).
 */
export function createNodeSender(): { send: NodeSender; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' });
  const proxy = httpProxy.createProxyServer({ agent, ignorePath: true, selfHandleResponse: true });
  proxy.on('proxyRes', (answer, request) => sendings.get(request)?.onAnswer(answer));
  const sendings = new WeakMap<IncomingMessage, Sending>();
  const send: NodeSender = (sending) => {
    const { request, response, endpoint } = sending;
    sendings.set(request, sending);
    request.method = NEUTRAL_METHOD;
    request.headers = headerObject(sending.lines);
    const target = { protocol: 'http:', host: endpoint.host, hostname: endpoint.host, port: String(endpoint.port) };
    const options = { target, method: sending.method, buffer: bodyOf(sending) };
    proxy.web(request, response, options, (error) => sending.onError(error));
  };
  return { send, close: () => agent.destroy() };
}

/** A stand-in for the body: it is read only when the connection stands, so that a refused one can be tried elsewhere. */
function bodyOf(sending: Sending): Stream {
  const pipe = (outgoing: ClientRequest): void => {
    outgoing.once('socket', (socket) => {
      // The raw target: http-proxy would fold its slashes.
      outgoing.path = sending.target;
      sending.onSocket(outgoing, socket);
      const go = (): void => {
        sending.onSocket(outgoing, socket);
        sending.request.pipe(outgoing);
      };
      if (socket.connecting) socket.once('connect', go);
      else go();
    });
  };
  return { pipe } as unknown as Stream;
}

function headerObject(lines: readonly string[]): Record<string, string | string[]> {
  const byName = new Map<string, { name: string; values: string[] }>();
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string;
    const entry = byName.get(name.toLowerCase());
    if (entry === undefined) byName.set(name.toLowerCase(), { name, values: [lines[i + 1] as string] });
    else entry.values.push(lines[i + 1] as string);
  }
  return Object.fromEntries(
    [...byName.values()].map(({ name, values }) => [name, values.length === 1 ? (values[0] as string) : values]),
  );
}
