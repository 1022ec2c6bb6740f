import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Counters } from './counters';
import { listenError } from './errors';
import type { OperatorPages } from './operator-pages';
import type { FigureSet } from './prometheus-text';
import type { Readiness, Service } from './service';

export interface AdminHttpOptions {
  /** Names the listener in errors, as in "sip plane admin". */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly counters: Counters;
  readonly readiness: () => Readiness | Promise<Readiness>;
  /** Figures of other processes, asked for with `/metrics`. */
  readonly more?: () => Promise<readonly FigureSet[]>;
  /** Further pages: path (lower case) to what is sent as JSON. */
  readonly pages?: Readonly<Record<string, () => unknown>>;
  /** The page `/` for browsers, and its Content-Security-Policy. */
  readonly front?: { readonly html: string; readonly policy: string };
  /** Pages that change this process. When one of them stops it, these close at once, so that whoever watches the port goes elsewhere. */
  readonly operator?: OperatorPages | undefined;
}

/**
 * `/healthz` (alive), `/readyz` (can do its work; 503 with reasons otherwise), `/metrics` (Prometheus text), the service's own pages and
 * those that change the process.
 */
export async function startAdminHttp(options: AdminHttpOptions): Promise<Service> {
  const server = createServer((request, response) => void serve(options, request, response));
  server.maxConnections = 100;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(options.what, options.host, options.port, error)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  options.operator?.onStop(() => server.close());
  return {
    addresses: { http: `${host}:${port}` },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(options: AdminHttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const changed = await change(options, request, response);
  if (!changed) answer(options, request, response);
}

/** False: it was no page that changes the process. */
async function change(
  { operator }: AdminHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const answered = await operator?.answer(request);
  if (answered === undefined) return false;
  if (answered.status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="triplane"');
  response.setHeader('Connection', 'close');
  send(response, answered.status, 'application/json', `${JSON.stringify(answered.body)}\n`);
  return true;
}

function answer(options: AdminHttpOptions, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'expected GET\n');
    return;
  }
  const path = (request.url ?? '/').split('?', 1)[0]?.toLowerCase() ?? '/';
  switch (path) {
    case '/healthz':
      send(response, 200, 'text/plain', 'ok\n');
      return;
    case '/readyz':
      void sendReadiness(options, response);
      return;
    case '/metrics':
      void sendMetrics(options, response);
      return;
    default:
      sendPage(options, path, response);
  }
}

async function sendReadiness(options: AdminHttpOptions, response: ServerResponse): Promise<void> {
  const { ready, problems } = await options.readiness();
  send(response, ready ? 200 : 503, 'text/plain', ready ? 'ready\n' : `${problems.join('\n')}\n`);
}

/** The metrics library is loaded when somebody first asks. */
async function sendMetrics(options: AdminHttpOptions, response: ServerResponse): Promise<void> {
  const { prometheusText } = await import('./prometheus-text');
  const { counters, more } = options;
  const own = { counters: counters.snapshotCounters(), gauges: counters.snapshotGauges() };
  const text = prometheusText([own, ...((await more?.()) ?? [])]);
  send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text);
}

function sendPage(options: AdminHttpOptions, path: string, response: ServerResponse): void {
  const { pages = {}, front } = options;
  if (path === '/' && front !== undefined) {
    response.setHeader('Content-Security-Policy', front.policy);
    send(response, 200, 'text/html; charset=utf-8', front.html);
    return;
  }
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) {
    const known = ['/healthz', '/readyz', '/metrics', ...Object.keys(pages)].join(' ');
    send(response, 404, 'text/plain', `no such page; there are: ${known}\n`);
    return;
  }
  send(response, 200, 'application/json', `${JSON.stringify(page(), null, 2)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
