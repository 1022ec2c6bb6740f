import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** A web server that says which node it is, counts, and echoes WebSocket messages. */
export class WebNode {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  requests = 0;

  private constructor(name: string) {
    this.#server = createServer((request, response) => {
      this.requests += 1;
      response.setHeader('X-Node', name);
      request.resume().on('end', () => response.end(name));
    });
    this.#sockets = new WebSocketServer({ server: this.#server });
    this.#sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
  }

  static async start(name: string): Promise<WebNode> {
    const node = new WebNode(name);
    await new Promise<void>((resolve) => {
      node.#server.listen(0, '127.0.0.1', resolve);
    });
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
