import type { ConnectionInjector } from '@grpc/grpc-js';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { listenError } from '../errors';

const MAX_CONNECTIONS = 20_000;

/**
 * The listening socket of a gRPC server. The library can listen by itself, but then nothing bounds the connections, the system's error
 * is lost in a text, and one silent connection holds up the end of the server for ever.
 */
export class Entrance {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(injector: ConnectionInjector) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.setNoDelay(true);
      injector.injectConnection(socket);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** The port as bound. ADDRESS_IN_USE, ADDRESS_INVALID, ADDRESS_DENIED. */
  async open(what: string, host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(what, host, port, error)));
      this.#server.listen({ host, port }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#server.close();
  }

  /** Ends the connections that are left. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
