import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { Endpoint, Protocol, Transport } from '../../proto';
import type { ToyNode } from './toy-node';

/** A web server that stamps its jvmRoute on sessions, names itself in each page, and echoes over WebSocket. */
export class ToyWebServer implements ToyNode {
  readonly id: string;
  readonly protocol = 'HTTP';
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  answered = 0;

  private constructor(id: string, server: Server) {
    this.id = id;
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#page(request, response));
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on('connection', (socket) => {
      socket.on('error', () => socket.terminate());
      socket.on('message', (data, binary) => {
        this.answered += 1;
        socket.send(data, { binary });
      });
    });
  }

  static async start(id: string): Promise<ToyWebServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ToyWebServer(id, server);
  }

  get endpoints(): readonly Endpoint[] {
    const { address, port } = this.#server.address() as AddressInfo;
    return [Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TCP, host: address, port })];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #page(request: IncomingMessage, response: ServerResponse): void {
    this.answered += 1;
    if (request.headers.cookie === undefined) {
      response.setHeader('Set-Cookie', `JSESSIONID=${randomBytes(8).toString('hex')}.${this.id}; Path=/`);
    }
    response.setHeader('Content-Type', 'text/plain');
    response.end(`${this.id}\n`);
  }
}
