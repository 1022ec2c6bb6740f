import type { Counter, Counters } from '../runtime/counters';
import { StatusCounters } from '../runtime/status-counters';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

/** The HTTP plane's figures, resolved once; names are in docs/statistics.md. */
export class HttpFigures {
  readonly bytesToServer: Counter;
  readonly bytesToClient: Counter;
  readonly tunnelsOpened: Counter;
  readonly tunnelsDrained: Counter;
  readonly retries: Counter;
  /** Requests in flight now. */
  active = 0;
  /** Retries in flight now. */
  retrying = 0;
  /** Client connections open now. */
  connections = 0;
  /** Tunnels open now. */
  tunnels = 0;
  readonly #counters: Counters;
  readonly #methods: ReadonlyMap<string, Counter>;
  readonly #otherMethod: Counter;
  readonly #responses: StatusCounters;

  constructor(counters: Counters) {
    this.#counters = counters;
    this.bytesToServer = counters.counter('http.bytes.toServer');
    this.bytesToClient = counters.counter('http.bytes.toClient');
    this.tunnelsOpened = counters.counter('http.tunnels.opened');
    this.tunnelsDrained = counters.counter('http.tunnels.drained');
    this.retries = counters.counter('http.retries');
    this.#methods = new Map(METHODS.map((method) => [method, counters.counter(`http.requests.${method}`)]));
    this.#otherMethod = counters.counter('http.requests.OTHER');
    this.#responses = new StatusCounters(counters, 'http.responses');
    counters.gauge('http.connections', () => this.connections);
    counters.gauge('http.requestsInFlight', () => this.active);
    counters.gauge('http.tunnels', () => this.tunnels);
  }

  request(method: string): void {
    (this.#methods.get(method) ?? this.#otherMethod).value += 1;
  }

  /** Counts a final answer (or 101) that goes to a client, whoever made it. */
  response(status: number): void {
    this.#responses.count(status);
  }

  /** Counts a request that was refused here; `reason` is one of a fixed list, never network input. */
  reject(reason: string): void {
    this.#counters.counter(`http.rejects.${reason}`).value += 1;
  }
}
