import { STATUS_CODES, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { endpointOf, type PlaneNode } from '../../data-plane';
import { Transport, type Endpoint } from '../../proto';
import { listenError } from '../../runtime/errors';
import { Tunnel } from '../tunnel';
import { Exchange, sendOwn } from './exchange';
import type { Forwarder, ForwarderOptions } from './forwarder';
import { createNodeSender } from './node-sender';
import { NODE_FAILED, NODE_SLOW, NODE_UNREACHABLE, badRequest, unavailable, type OwnAnswer } from './own-answer';
import { cleanRequest, type CleanRequest } from './request-gate';
import { endRequestSpan, startRequestSpan } from './request-span';
import { upgrade } from './upgrade';

const MAX_HEAD_BYTES = 16_384;
const HEAD_TIMEOUT_MS = 10_000;

/** The first forwarder: node:http for clients, http-proxy for nodes, own tunnels for upgrades. Throws listen errors. */
export async function startHttpProxyForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new HttpProxyForwarder(options);
  await forwarder.listen();
  return forwarder;
}

class HttpProxyForwarder implements Forwarder {
  readonly #options: ForwarderOptions;
  readonly #server: Server;
  readonly #sender = createNodeSender();
  readonly #tunnels = new Set<Tunnel>();
  readonly #upgrading = new Set<Socket>();
  address = '';

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#server = createServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: 0,
      keepAliveTimeout: options.config.idleTimeoutMs,
      connectionsCheckingInterval: 1000,
      noDelay: true,
    });
    this.#server.maxConnections = options.config.maxConnections;
    this.#server.on('connection', (socket) => this.#accepted(socket));
    this.#server.on('drop', () => options.figures.reject('connections'));
    this.#server.on('request', (request, response) => this.#request(request, response));
    this.#server.on('upgrade', (request, socket, early) => void this.#upgrade(request, socket as Socket, early));
    this.#server.on('connect', (request, socket) => this.#connect(request, socket as Socket));
    this.#server.on('clientError', (error, socket) => this.#badBytes(error, socket as Socket));
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options.config.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError('http plane', host, port, error)));
      this.#server.listen(port, host, resolve);
    });
    const bound = this.#server.address() as AddressInfo;
    this.address = `${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
  }

  async close(graceMs: number): Promise<void> {
    const { clock } = this.#options.core;
    const cut = clock.after(graceMs, () => this.#server.closeAllConnections());
    // A kept connection becomes idle when its answer is out.
    const idle = clock.every(50, () => this.#server.closeIdleConnections());
    for (const socket of this.#upgrading) socket.destroy();
    for (const tunnel of this.#tunnels) tunnel.end(graceMs);
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    cut.cancel();
    idle.cancel();
    await Promise.all([...this.#tunnels].map((tunnel) => tunnel.closed));
    this.#sender.close();
  }

  #accepted(socket: Socket): void {
    const { figures } = this.#options;
    figures.connections += 1;
    socket.once('close', () => (figures.connections -= 1));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    this.#options.figures.request(request.method ?? '');
    const clean = cleanRequest(request);
    if ('status' in clean) this.#refuse(response, clean);
    else new Exchange(this.#options, this.#sender.send, { request, response, clean }).start();
  }

  #refuse(response: ServerResponse, own: OwnAnswer): void {
    this.#options.figures.reject(own.reason);
    this.#options.figures.response(own.status);
    sendOwn(response, own);
    response.once('finish', () => response.req.socket.destroySoon());
  }

  #connect(request: IncomingMessage, socket: Socket): void {
    this.#options.figures.request('CONNECT');
    const clean = cleanRequest(request);
    if ('status' in clean) this.#refuseSocket(socket, clean);
    else socket.destroy();
  }

  async #upgrade(request: IncomingMessage, socket: Socket, early: Buffer): Promise<void> {
    this.#options.figures.request(request.method ?? '');
    socket.on('error', () => socket.destroy());
    const clean = cleanRequest(request);
    const refusal = 'status' in clean ? clean : upgradeFault(request);
    if (refusal !== undefined || 'status' in clean) {
      this.#refuseSocket(socket, refusal ?? badRequest('upgrade', 'expected a WebSocket upgrade'));
      return;
    }
    this.#upgrading.add(socket);
    const node = this.#options.router.choose(clean);
    await this.#switch({ request, socket, early, clean }, node, 1);
    this.#upgrading.delete(socket);
  }

  async #switch(client: UpgradingClient, node: PlaneNode | undefined, tries: number): Promise<void> {
    const endpoint = node && webSocketEndpoint(node);
    const { core, config, router, figures } = this.#options;
    if (node === undefined || endpoint === undefined) {
      this.#refuseSocket(client.socket, unavailable(config, client.clean.target));
      return;
    }
    node.live.requests += 1;
    const traceparent = client.request.headers['traceparent'];
    const span = startRequestSpan(core, 'GET', typeof traceparent === 'string' ? traceparent : undefined);
    const result = await upgrade({ ...client, node, endpoint, config, clock: core.clock });
    endRequestSpan(span, result.kind === 'switched' ? 101 : result.kind === 'declined' ? result.status : 502, node.id);
    if (result.kind === 'failed') {
      node.live.failures += 1;
      if (client.socket.destroyed) return;
      const another = result.sent || tries > 1 ? undefined : router.instead(node);
      if (another === undefined) this.#refuseSocket(client.socket, failureOf(result));
      else await this.#switch(client, another, tries + 1);
      return;
    }
    node.live.heardAtMs = core.clock.now();
    figures.response(result.kind === 'switched' ? 101 : result.status);
    if (result.kind === 'switched') this.#tunnel(client, node, result);
  }

  #tunnel({ socket, early }: UpgradingClient, node: PlaneNode, result: { node: Socket; early: Buffer }): void {
    const { core, config, figures } = this.#options;
    figures.tunnelsOpened.value += 1;
    figures.tunnels += 1;
    node.live.activeSessions += 1;
    if (result.early.length > 0) socket.write(result.early);
    if (early.length > 0) result.node.write(early);
    const tunnel = new Tunnel({
      client: socket,
      node: result.node,
      clock: core.clock,
      idleMs: config.tunnelIdleMs,
      onBytes: (bytes, toNode) => {
        (toNode ? figures.bytesToServer : figures.bytesToClient).value += bytes;
        if (toNode) node.live.bytesOut += bytes;
        else node.live.bytesIn += bytes;
        node.live.heardAtMs = core.clock.now();
      },
    });
    this.#tunnels.add(tunnel);
    void this.#forget(tunnel, node);
  }

  async #forget(tunnel: Tunnel, node: PlaneNode): Promise<void> {
    await tunnel.closed;
    this.#options.figures.tunnels -= 1;
    node.live.activeSessions -= 1;
    this.#tunnels.delete(tunnel);
  }

  #refuseSocket(socket: Socket, own: OwnAnswer): void {
    this.#options.figures.reject(own.reason);
    this.#options.figures.response(own.status);
    if (!socket.writable) return;
    let head = `HTTP/1.1 ${own.status} ${STATUS_CODES[own.status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
    for (const [name, value] of Object.entries(own.headers ?? {})) head += `${name}: ${value}\r\n`;
    socket.write(`${head}Content-Length: ${own.text.length + 1}\r\n\r\n${own.text}\n`, 'latin1');
    socket.destroySoon();
  }

  /** What the parser refused: answered when nothing of an answer went out before, then closed. */
  #badBytes(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    this.#refuseSocket(socket, parserAnswer(error.code));
  }
}

interface UpgradingClient {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly early: Buffer;
  readonly clean: CleanRequest;
}

/** The node's own WebSocket port, else its HTTP port. */
function webSocketEndpoint(node: PlaneNode): Endpoint | undefined {
  return endpointOf(node, Transport.WS) ?? endpointOf(node, Transport.TCP);
}

function upgradeFault(request: IncomingMessage): OwnAnswer | undefined {
  if (request.method !== 'GET' || !/(^|,)\s*websocket\s*(,|$)/i.test(request.headers.upgrade ?? '')) {
    return badRequest('upgrade', 'expected a WebSocket upgrade');
  }
  return undefined;
}

function failureOf(result: { timedOut: boolean; sent: boolean }): OwnAnswer {
  if (result.timedOut) return NODE_SLOW;
  return result.sent ? NODE_FAILED : NODE_UNREACHABLE;
}

function parserAnswer(code: string | undefined): OwnAnswer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, reason: 'headTooLong', text: `expected a head of at most ${MAX_HEAD_BYTES} bytes` };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, reason: 'headTimeout', text: 'expected the whole head in time' };
    default:
      return badRequest('syntax', 'expected an HTTP/1.1 request');
  }
}
