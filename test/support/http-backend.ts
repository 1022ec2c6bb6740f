import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An application node in tests: names itself in `X-Node`, counts, echoes the body. */
export class HttpBackend {
  readonly id: string;
  requests = 0;
  readonly #server: Server;

  private constructor(id: string, handler?: (request: IncomingMessage, response: ServerResponse) => void) {
    this.id = id;
    this.#server = createServer((request, response) => {
      this.requests += 1;
      response.setHeader('X-Node', id);
      if (handler !== undefined) handler(request, response);
      else if (request.method === 'GET') response.end(`hello from ${id}`);
      else request.pipe(response);
    });
  }

  static async start(
    id: string,
    handler?: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<HttpBackend> {
    const backend = new HttpBackend(id, handler);
    await new Promise<void>((resolve) => backend.#server.listen(0, '127.0.0.1', resolve));
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get server(): Server {
    return this.#server;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

export interface Fetched {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The backend's name. */
  readonly node: string | null;
}

/** One request by fetch, answer read whole, redirects not followed. */
export async function fetchAll(url: string, init: RequestInit = {}): Promise<Fetched> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const body = await response.text();
  return { status: response.status, headers: response.headers, body, node: response.headers.get('x-node') };
}
