import { Transport } from '../../proto';
import { RecentTable, type PlaneNode } from '../../data-plane';
import type { NodeSlots } from './node-slots';

/** By the number that stands for them in the table. */
const TRANSPORTS = [Transport.UDP, Transport.TCP, Transport.TLS, Transport.WS, Transport.WSS] as const;

/** Where each transaction of the last 32 s went (RFC 3261 16.11), so that retransmissions, CANCEL and ACK go there too. Bounded. */
export class DecisionCache {
  readonly #table: RecentTable;
  readonly #slots: NodeSlots;
  /** Of what `find` found. */
  transport: Transport = Transport.UDP;

  constructor(capacity: number, maxIdleMs: number, slots: NodeSlots) {
    this.#table = new RecentTable(capacity, maxIdleMs);
    this.#slots = slots;
  }

  get size(): number {
    return this.#table.size;
  }

  /** The node of a transaction, or undefined; `transport` is set beside it. */
  find(hi: number, lo: number, nowMs: number): PlaneNode | undefined {
    const place = this.#table.find(hi, lo, nowMs);
    if (place < 0) return undefined;
    this.#table.touch(place, nowMs);
    const value = this.#table.value(place);
    const code = value % TRANSPORTS.length;
    this.transport = TRANSPORTS[code] as Transport;
    return this.#slots.node((value - code) / TRANSPORTS.length);
  }

  /** See RecentTable, as the next one. */
  warmOldest(count: number): number {
    return this.#table.warmOldest(count);
  }

  warm(hi: number, lo: number): number {
    return this.#table.warm(hi, lo);
  }

  remember(hi: number, lo: number, node: PlaneNode, transport: Transport, nowMs: number): void {
    this.#table.put(hi, lo, this.#slots.of(node) * TRANSPORTS.length + codeOf(transport), nowMs);
  }

  expire(nowMs: number): void {
    this.#table.expire(nowMs, 10_000);
  }
}

function codeOf(transport: Transport): number {
  for (let code = 1; code < TRANSPORTS.length; code += 1) if (TRANSPORTS[code] === transport) return code;
  return 0;
}
