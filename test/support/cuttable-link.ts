import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay on loopback whose connections a test can cut, and that turns new ones away until it is mended. */
export class CuttableLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, to: () => string) {
    this.#server = server;
    server.on('connection', (near) => {
      const [host = '', port = ''] = to().split(':');
      if (this.#isCut || port === '') {
        near.destroy();
        return;
      }
      const far = connect(Number(port), host);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  /** Listens at `port`; `to`: host:port of the moment, asked at each connection. */
  static async start(port: number, to: () => string): Promise<CuttableLink> {
    const server = createServer();
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return new CuttableLink(server, to);
  }

  /** Connections that are up, both ends counted. */
  get connections(): number {
    return this.#sockets.size;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
