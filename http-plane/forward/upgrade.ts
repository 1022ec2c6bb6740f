import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { PlaneNode } from '../../data-plane';
import type { Endpoint } from '../../proto';
import type { HttpConfig } from '../../runtime/config';
import type { Clock } from '../../runtime/clock';
import { endToEnd, type CleanRequest } from './request-gate';
import { withForwarded, withVia } from './forwarded-headers';

export interface UpgradeOptions {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly clean: CleanRequest;
  readonly node: PlaneNode;
  readonly endpoint: Endpoint;
  readonly config: HttpConfig;
  readonly clock: Clock;
}

/** How a handshake ended: 101 gives the node's socket and its early bytes; another status was relayed whole and `socket` is ending. */
export type UpgradeResult =
  | { readonly kind: 'switched'; readonly node: Socket; readonly early: Buffer }
  | { readonly kind: 'declined'; readonly status: number }
  | { readonly kind: 'failed'; readonly timedOut: boolean; readonly sent: boolean };

/** Takes a WebSocket handshake to a node. Resolves once; a client that goes meanwhile takes the node's socket with it. */
export function upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
  return new Promise((resolve) => {
    const { socket, config, clock } = options;
    let sent = false;
    let timedOut = false;
    const outgoing = handshake(options, () => (sent = true));
    const limit = clock.after(config.responseTimeoutMs, () => {
      timedOut = true;
      outgoing.destroy();
    });
    const clientGone = (): void => void outgoing.destroy();
    const settle = (result: UpgradeResult): void => {
      limit.cancel();
      socket.off('close', clientGone);
      resolve(result);
    };
    socket.once('close', clientGone);
    outgoing.on('upgrade', (response, node: Socket, early) => {
      writeHead(socket, response, config.via);
      settle({ kind: 'switched', node, early });
    });
    outgoing.on('response', (response) => {
      relayDeclined(socket, response, config.via);
      settle({ kind: 'declined', status: response.statusCode ?? 502 });
    });
    outgoing.on('error', () => settle({ kind: 'failed', timedOut, sent }));
    outgoing.end();
  });
}

function handshake({ request, socket, clean, endpoint, config }: UpgradeOptions, onSent: () => void): ClientRequest {
  const lines = withForwarded(clean.headers, {
    client: socket.remoteAddress ?? '',
    proto: 'http',
    host: clean.host,
    version: request.httpVersion,
    via: config.via,
  });
  const node = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true, noDelay: true });
  node.setTimeout(config.connectTimeoutMs, () => node.destroy(new Error('connect timeout')));
  node.once('connect', () => {
    node.setTimeout(0);
    onSent();
  });
  return httpRequest({
    method: 'GET',
    path: clean.target,
    headers: ['Host', clean.host, ...lines, 'Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? 'websocket'],
    createConnection: () => node,
  });
}

function writeHead(socket: Socket, response: IncomingMessage, via: string): void {
  const lines = withVia(response.rawHeaders, response.httpVersion, via);
  socket.write(head(response, lines), 'latin1');
}

/** An answer other than 101 is an ordinary one; the connection ends with it. */
function relayDeclined(socket: Socket, response: IncomingMessage, via: string): void {
  const lines = withVia(endToEnd(response.rawHeaders), response.httpVersion, via);
  socket.write(head(response, [...lines, 'Connection', 'close']), 'latin1');
  response.on('error', () => socket.destroy());
  socket.once('close', () => response.destroy());
  response.pipe(socket);
}

function head(response: IncomingMessage, lines: readonly string[]): string {
  let text = `HTTP/1.1 ${response.statusCode ?? 502} ${response.statusMessage ?? ''}\r\n`;
  for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return `${text}\r\n`;
}
