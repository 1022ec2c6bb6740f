import type { Span } from '@opentelemetry/api';
import type { PlaneNode } from '../../data-plane';
import { traceparentOf } from '../../runtime/telemetry';
import { endRequestSpan, startRequestSpan } from '../forward';
import type { ExchangeClient } from './exchange-client';
import type { RequestView } from './request-view';
import type { WireDeps } from './wire-deps';

/** Status in the access log of a request whose client left before the answer, as others write it. */
const CLIENT_LEFT = 499;

/** What is kept of a request for those who watch: figures of requests in flight, its span, its line in the access log. */
export class ExchangeRecord {
  readonly #deps: WireDeps;
  readonly #client: ExchangeClient;
  readonly #view: RequestView;
  readonly #span: Span | undefined;
  readonly #sentBefore: number;
  readonly #startedMs: number;
  #retried = false;

  constructor(deps: WireDeps, client: ExchangeClient, view: RequestView) {
    this.#deps = deps;
    this.#client = client;
    this.#view = view;
    this.#span = startRequestSpan(deps.core, view.method, view.traceparent);
    this.#sentBefore = deps.accessLog === undefined ? 0 : client.sent;
    this.#startedMs = deps.accessLog === undefined ? 0 : deps.core.clock.now();
    deps.figures.active += 1;
  }

  /** Of the span; '': the request is not traced. */
  get traceparent(): string {
    return traceparentOf(this.#span);
  }

  /** The request is sent once more. */
  retry(): void {
    const { figures } = this.#deps;
    figures.retries.value += 1;
    if (!this.#retried) figures.retrying += 1;
    this.#retried = true;
  }

  /** The request is over; call once. `ownBytes`: of an answer of the plane's own that is still to be written. */
  end(status: number, node: PlaneNode | undefined, ownBytes: number): void {
    const { figures, accessLog, core } = this.#deps;
    figures.active -= 1;
    if (this.#retried) figures.retrying -= 1;
    endRequestSpan(this.#span, status, node?.id);
    if (accessLog === undefined) return;
    const { method, target, minor } = this.#view;
    accessLog.add({
      client: this.#client.stamp.address,
      method,
      target,
      version: `1.${minor}`,
      status: status === 0 ? CLIENT_LEFT : status,
      bytes: this.#client.sent - this.#sentBefore + ownBytes,
      durationMs: core.clock.now() - this.#startedMs,
      node: node?.id,
    });
  }
}
