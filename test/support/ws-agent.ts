import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';
import { until } from './until';

/** One WebSocket of a test: sends messages, keeps what comes. */
export class WsAgent {
  readonly received: { readonly text: string; readonly binary: boolean }[] = [];
  readonly socket: WebSocket;
  /** Of the close frame; undefined while it is open. */
  closeCode: number | undefined;
  pings = 0;
  #taken = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, binary) => {
      this.received.push({ text: (data as Buffer).toString('latin1'), binary });
    });
    socket.on('ping', () => (this.pings += 1));
    socket.on('close', (code) => (this.closeCode = code));
    socket.on('error', () => {});
  }

  static async connect(url: string, options: ClientOptions = {}, protocols: string[] = ['sip']): Promise<WsAgent> {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    const agent = new WsAgent(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return agent;
  }

  send(text: string, binary = false): void {
    this.socket.send(Buffer.from(text, 'latin1'), { binary });
  }

  /** The next message that was not taken yet. */
  async next(what = 'a message came'): Promise<string> {
    return (await this.nextFrame(what)).text;
  }

  async nextFrame(what = 'a message came'): Promise<{ readonly text: string; readonly binary: boolean }> {
    const frame = await until(what, () => this.received[this.#taken]);
    this.#taken += 1;
    return frame;
  }

  close(): void {
    this.socket.terminate();
  }
}

/** The answer to a handshake: its status, and headers by lower-case name. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Tries a handshake; 101 when it is taken. */
export async function handshake(
  url: string,
  protocols: string[],
  options: ClientOptions & { headers?: Record<string, string> } = {},
): Promise<HandshakeAnswer> {
  const socket = new WebSocket(url, protocols, options);
  socket.on('error', () => {});
  return await new Promise<HandshakeAnswer>((resolve) => {
    const answer = ({
      statusCode,
      headers,
    }: {
      statusCode?: number | undefined;
      headers: HandshakeAnswer['headers'];
    }): void => {
      resolve({ status: statusCode ?? 0, headers });
      socket.terminate();
    };
    socket.once('upgrade', answer);
    socket.once('unexpected-response', (_request, response) => answer(response));
  });
}

/** A node of a test that takes SIP over WebSocket: one agent per connection that comes. */
export class WsNode {
  readonly connections: WsAgent[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => this.connections.push(new WsAgent(socket)));
  }

  static async start(): Promise<WsNode> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      handleProtocols: (offered) => (offered.has('sip') ? 'sip' : false),
    });
    await new Promise<void>((resolve) => {
      server.once('listening', resolve);
    });
    return new WsNode(server);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async connection(index = 0): Promise<WsAgent> {
    return await until('the plane connected', () => this.connections[index]);
  }

  close(): void {
    for (const connection of this.connections) connection.close();
    this.#server.close();
  }
}
