import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const PERIOD_MS = 200;
const MAX_ERRORS = 3;

/**
 * A node as the predecessor's own: sends `start` until it is answered, then `heartbeat`; after three misses, or when its load balancer
 * says that it stops, it begins anew under another session.
 */
export class JsonNode {
  static #sessions = 0;
  readonly #at: string;
  readonly #facts: Readonly<Record<string, string>>;
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;
  #session: number | undefined;
  #errors = 0;
  #asking = false;
  /** What the load balancer sent to our `heartbeatPort`. */
  readonly told: unknown[] = [];
  /** Packets and what they were answered with, as in `start OK`. */
  readonly said: string[] = [];

  private constructor(at: string, facts: Readonly<Record<string, string>>, server: Server) {
    this.#at = at;
    this.#facts = facts;
    this.#server = server;
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        this.told.push(JSON.parse(body));
        this.#session = undefined;
        response.end('{"stop":"OK"}');
      });
    });
    this.#timer = setInterval(() => void this.#beat(), PERIOD_MS);
  }

  /** `at`: host:port of the heartbeat listener. `facts`: what `start` says beside session, address and heartbeatPort. */
  static async start(at: string, facts: Readonly<Record<string, string>>): Promise<JsonNode> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new JsonNode(at, facts, server);
  }

  /** Drains: what it has may finish, its heartbeats go on. */
  async shutdown(): Promise<void> {
    await this.#post('shutdown', { sessionId: this.#session });
  }

  /** Leaves at once and says nothing more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#post('stop', { sessionId: this.#session });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
  }

  async #beat(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    if (this.#session === undefined) await this.#start();
    else await this.#heartbeat();
    this.#asking = false;
  }

  async #start(): Promise<void> {
    const session = (JsonNode.#sessions += 1);
    const heartbeatPort = String((this.#server.address() as AddressInfo).port);
    const packet = { ip: '127.0.0.1', ...this.#facts, heartbeatPort, sessionId: session };
    if (await this.#post('start', packet)) this.#session = session;
  }

  async #heartbeat(): Promise<void> {
    this.#errors = (await this.#post('heartbeat', { sessionId: this.#session })) ? 0 : this.#errors + 1;
    if (this.#errors < MAX_ERRORS) return;
    this.#errors = 0;
    this.#session = undefined;
  }

  async #post(kind: string, facts: unknown): Promise<boolean> {
    try {
      const answer = await fetch(`http://${this.#at}/`, { method: 'POST', body: JSON.stringify({ [kind]: facts }) });
      const reply = (await answer.json()) as Readonly<Record<string, string>>;
      this.said.push(`${kind} ${reply[kind]}`);
      return reply[kind] === 'OK';
    } catch {
      this.said.push(`${kind} unanswered`);
      return false;
    }
  }
}
