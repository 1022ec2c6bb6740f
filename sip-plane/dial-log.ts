import type { Transport } from '../proto';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import { transportName, type Peer } from './transport';

const QUIET_MS = 60_000;
const MAX_PEERS = 1000;

/** Says that connections cannot be made: for nodes to the operator, once a minute each; for others at debug. Bounded. */
export class DialLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #saidAtMs = new Map<number | string, number>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  failed(peer: Peer, transport: Transport, reason: string): void {
    const facts = { peer: peer.hostPortBytes.toString('latin1'), transport: transportName(transport), reason };
    const { node } = peer;
    if (node === undefined) {
      this.#logger.debug(facts, 'no connection');
      return;
    }
    const now = this.#clock.now();
    const saidAtMs = this.#saidAtMs.get(peer.key);
    if (saidAtMs !== undefined && now - saidAtMs < QUIET_MS) return;
    if (this.#saidAtMs.size >= MAX_PEERS) this.#saidAtMs.clear();
    this.#saidAtMs.set(peer.key, now);
    this.#logger.warn({ ...facts, node: node.id }, 'no connection to a node');
  }
}
