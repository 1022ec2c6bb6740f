import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Transport } from '../../proto';
import type { TlsMaterial } from '../../runtime/tls';
import type { Link } from './link';
import { SocketLink } from './socket-link';
import { judgeHandshake, sipProtocolOf, type HandshakeRules } from './ws-handshake';
import { WsLink } from './ws-link';

/** Makes a link of a TCP connection that has just come: at once, or after the handshakes of TLS and WebSocket. */
export interface Acceptor {
  take(socket: Socket): void;
  close(): void;
}

export interface WebSocketRules extends HandshakeRules {
  readonly pingMs: number;
  /** Longest message. */
  readonly maxMessageBytes: number;
}

export interface AcceptorOptions {
  readonly transport: Transport;
  /** Of TLS and WSS. */
  readonly tls: TlsMaterial | undefined;
  readonly webSocket: WebSocketRules;
  /** `raw` is the socket that was taken. */
  readonly ready: (link: Link, raw: Socket) => void;
  /** A handshake failed: `tls`, or the name of a refusal. */
  readonly refused: (name: string) => void;
}

/** The acceptor for a transport; TLS and WSS follow the files of their certificate. */
export function createAcceptor(options: AcceptorOptions): Acceptor {
  switch (options.transport) {
    case Transport.TLS:
      return tlsAcceptor(options);
    case Transport.WS:
    case Transport.WSS:
      return webSocketAcceptor(options);
    default:
      return { take: (socket) => options.ready(new SocketLink(socket), socket), close: () => {} };
  }
}

/** The handshake's own limit of time is ours too: the transport destroys what is not ready in time. */
function tlsAcceptor({ tls, ready, refused }: AcceptorOptions): Acceptor {
  const server = createTlsServer({ ...tls?.serverOptions });
  const raws = new Map<string, Socket>();
  const unfollow = tls?.follow(server);
  server.on('secureConnection', (socket) => {
    const raw = raws.get(endsOf(socket));
    if (raw === undefined) socket.destroy();
    else ready(new SocketLink(socket), raw);
  });
  server.on('tlsClientError', (_error, socket) => {
    refused('tls');
    socket.destroy();
  });
  return {
    take(socket) {
      remember(raws, socket);
      server.emit('connection', socket);
    },
    close: () => unfollow?.(),
  };
}

function webSocketAcceptor(options: AcceptorOptions): Acceptor {
  const { tls, webSocket, ready, refused } = options;
  const raws = new Map<string, Socket>();
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: webSocket.maxMessageBytes,
    handleProtocols: (_offered, request) => sipProtocolOf(request.headers) ?? false,
  });
  const server =
    options.transport === Transport.WSS ? createHttpsServer({ ...tls?.serverOptions }) : createHttpServer();
  const unfollow = 'setSecureContext' in server ? tls?.follow(server) : undefined;
  answerPlainRequests(server);
  server.on('tlsClientError', (_error, socket: TLSSocket) => {
    refused('tls');
    socket.destroy();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', ignore);
    const refusal = judgeHandshake(request.headers, webSocket);
    if (refusal !== undefined) {
      refused(refusal.name);
      refuse(socket, refusal.status, refusal.reason, refusal.headers);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const raw = raws.get(endsOf(request.socket));
      if (raw === undefined) ws.terminate();
      else ready(new WsLink(ws, webSocket.pingMs, socket as Socket), raw);
    });
  });
  return {
    take(socket) {
      remember(raws, socket);
      server.emit('connection', socket);
    },
    close: () => unfollow?.(),
  };
}

/** Whoever asks for a page is told what this is. */
function answerPlainRequests(server: HttpServer): void {
  server.on('request', (_request, response) => {
    const headers = { Connection: 'close, Upgrade', Upgrade: 'websocket', 'Content-Type': 'text/plain' };
    response.writeHead(426, headers).end('SIP over WebSocket (RFC 7118): expected an upgrade\n');
  });
}

function refuse(socket: Duplex, status: number, reason: string, headers: readonly string[]): void {
  const lines = [`HTTP/1.1 ${status} ${reason}`, ...headers, 'Connection: close', 'Content-Length: 0', '', ''];
  socket.end(lines.join('\r\n'));
}

/** TLS hands out a socket of its own; both ends together name the one that was taken. */
function remember(raws: Map<string, Socket>, socket: Socket): void {
  const key = endsOf(socket);
  raws.set(key, socket);
  socket.once('close', () => {
    if (raws.get(key) === socket) raws.delete(key);
  });
}

const endsOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress ?? ''}|${remotePort ?? 0}`;

function ignore(): void {}
