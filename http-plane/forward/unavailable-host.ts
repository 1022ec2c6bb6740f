import { lookup } from 'node:dns/promises';
import { Endpoint, Node, Protocol, Transport } from '../../proto';
import { newNodeLive, toPlaneNode, type PlaneNode } from '../../data-plane';
import type { Clock, Timer } from '../../runtime/clock';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';

/** Its name is looked up again after this time, ms. */
const LOOKUP_MS = 30_000;
const HTTP_PORT = 80;

export interface UnavailableHostOptions {
  /** `host` or `host:port`. */
  readonly unavailableHost?: string | undefined;
  readonly unavailableMode: 'redirect' | 'proxy';
}

/**
 * The server that requests are handed to while no node is usable (`unavailableMode: proxy`): something like a node that the control plane
 * does not know. Its name is looked up beside the traffic, never for a request.
 */
export class UnavailableHost {
  readonly #logger: Logger;
  readonly #host: string;
  readonly #port: number;
  readonly #timer: Timer | undefined;
  #node: PlaneNode | undefined;

  constructor(
    { unavailableHost, unavailableMode }: UnavailableHostOptions,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#logger = logger;
    const [, bracketed, bare, port] = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/.exec(unavailableHost ?? '') ?? [];
    this.#host = bracketed ?? bare ?? '';
    this.#port = port === undefined ? HTTP_PORT : Number(port);
    if (unavailableMode !== 'proxy' || this.#host === '') return;
    void this.#look();
    this.#timer = clock.every(LOOKUP_MS, () => void this.#look());
  }

  /** Undefined: there is none, or its name is not known (yet). */
  get node(): PlaneNode | undefined {
    return this.#node;
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** A name that is not found keeps its last address. */
  async #look(): Promise<void> {
    try {
      const { address } = await lookup(this.#host);
      if (this.#node?.endpoints[0]?.host !== address) this.#node = nodeAt(address, this.#port);
    } catch (error) {
      this.#logger.warn({ host: this.#host, reason: messageOf(error) }, 'http.unavailableHost cannot be looked up');
    }
  }
}

function nodeAt(host: string, port: number): PlaneNode {
  const endpoint = Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TCP, host, port });
  const node = Node.create({ nodeId: 'unavailable-host', endpoints: [endpoint] });
  return toPlaneNode(node, Protocol.HTTP, newNodeLive());
}
