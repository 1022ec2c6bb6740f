import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { until } from './until';

/** A TCP client that sends any bytes and keeps all that came, as latin1 text. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    this.socket.on('error', () => {});
    this.socket.on('end', () => (this.closed = true));
    this.socket.on('close', () => (this.closed = true));
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  async until(part: string | RegExp, limitMs = 5000): Promise<string> {
    const found = (): boolean => (typeof part === 'string' ? this.received.includes(part) : part.test(this.received));
    await until(`${String(part)} is received, so far ${JSON.stringify(this.received.slice(0, 500))}`, found, limitMs);
    return this.received;
  }

  /** Everything up to the peer's end. */
  async untilClosed(limitMs = 5000): Promise<string> {
    await until(`the peer closes, so far ${JSON.stringify(this.received.slice(0, 500))}`, () => this.closed, limitMs);
    return this.received;
  }

  /** Resets the connection. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** One connection at a raw server: what came, and a way to answer. */
export interface RawConnection {
  readonly socket: Socket;
  received: string;
}

/** A TCP server that keeps all bytes; `onData` answers as it likes. */
export class RawServer {
  readonly connections: RawConnection[] = [];
  readonly #server: Server;

  private constructor(onData: (connection: RawConnection) => void) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection: RawConnection = { socket, received: '' };
      this.connections.push(connection);
      socket.on('error', () => {});
      socket.on('end', () => socket.end());
      socket.on('data', (chunk: Buffer) => {
        connection.received += chunk.toString('latin1');
        onData(connection);
      });
    });
  }

  static async start(onData: (connection: RawConnection) => void = () => {}): Promise<RawServer> {
    const server = new RawServer(onData);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** Answers each complete head (bodies are not waited for) with the same bytes. */
  static answering(bytes: string): Promise<RawServer> {
    return RawServer.start((connection) => {
      if (!connection.received.includes('\r\n\r\n')) return;
      connection.socket.write(bytes, 'latin1');
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All bytes of all connections. */
  get received(): string {
    return this.connections.map((connection) => connection.received).join('');
  }

  get open(): number {
    return this.connections.filter(({ socket }) => !socket.destroyed).length;
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A minimal answer with a body. */
export function answer(body: string, head = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${head}\r\n${body}`;
}
