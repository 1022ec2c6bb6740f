import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';

const LIMIT_MS = 8000;

interface Page {
  readonly node: string;
  readonly cookie: string | undefined;
}

/** A web client: sessions of pages that keep their cookie, and a WebSocket echo. */
export class ToyBrowser {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #plane: string;

  /** `plane`: `host:port` of the HTTP plane. */
  constructor(plane: string) {
    this.#plane = plane;
  }

  /** A first page without a cookie and `more` with it. True if all came, from one and the same node. */
  async session(more: number): Promise<boolean> {
    try {
      const first = await this.#get();
      for (let i = 0; i < more; i += 1) {
        // A session is one page after the other.
        // eslint-disable-next-line no-await-in-loop
        const { node } = await this.#get(first.cookie);
        if (node !== first.node) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** One message there and back. */
  async echo(): Promise<boolean> {
    const socket = new WebSocket(`ws://${this.#plane}/echo`, { handshakeTimeout: LIMIT_MS });
    const signal = AbortSignal.timeout(LIMIT_MS);
    try {
      await once(socket, 'open', { signal });
      socket.send('hello');
      const [data] = (await once(socket, 'message', { signal })) as [Buffer];
      return data.toString() === 'hello';
    } catch {
      return false;
    } finally {
      socket.on('error', () => undefined);
      socket.close();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #get(cookie?: string): Promise<Page> {
    const headers = cookie === undefined ? {} : { Cookie: cookie };
    const sent = request(`http://${this.#plane}/`, { agent: this.#agent, headers, timeout: LIMIT_MS });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const node = (await text(response)).trim();
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    return { node, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] };
  }
}
