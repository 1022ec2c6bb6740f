import type { PlaneNode } from '../../data-plane';
import type { NodeSlots } from './node-slots';
import { RecentTable } from './recent-table';

/** Flags beside the slot: it moved away from the node of its hint; it had its BYE. */
const MOVED = 1;
const ENDED = 2;
/** How long a call that is not (or no longer) up is remembered without a message, ms: more than RFC 3261's timer C. */
const PENDING_MS = 300_000;

export interface CallTableOptions {
  /** Most calls that are up, and as many that are not. */
  readonly capacity: number;
  /** A call that is up and silent this long counts as ended, ms. */
  readonly maxIdleMs: number;
}

/**
 * Which node each call is at, by Call-ID: for clients that lose their Route, and for counting live calls per node as well as one
 * can who sees messages but keeps no dialogs. A call is up from the 2xx of its INVITE to its BYE.
 */
export class CallTable {
  readonly #slots: NodeSlots;
  /** Values of both tables: the node's slot, times four, and two flags. */
  readonly #pending: RecentTable;
  readonly #up: RecentTable;
  /** Live calls by slot. */
  readonly #counts: number[] = [];

  constructor(options: CallTableOptions, slots: NodeSlots) {
    const { capacity, maxIdleMs } = options;
    this.#slots = slots;
    this.#pending = new RecentTable(capacity, PENDING_MS);
    this.#up = new RecentTable(capacity, maxIdleMs, (place) => this.#count(slotOf(this.#up.value(place)), -1));
  }

  /** Calls that are up. */
  get live(): number {
    return this.#up.size;
  }

  /** Did the call that `find` found last move away from the node that its hint names? */
  moved = false;

  /** The node that a call is at, or undefined. */
  find(hi: number, lo: number, nowMs: number): PlaneNode | undefined {
    let table = this.#up;
    let place = table.find(hi, lo, nowMs);
    if (place < 0) {
      table = this.#pending;
      place = table.find(hi, lo, nowMs);
      if (place < 0) return undefined;
    }
    table.touch(place, nowMs);
    const value = table.value(place);
    this.moved = (value & MOVED) !== 0;
    return this.#slots.node(slotOf(value));
  }

  /** A call was routed to a node, or moved to it from one that is gone. */
  routed(hi: number, lo: number, node: PlaneNode, moved: boolean, nowMs: number): void {
    const slot = this.#slots.of(node);
    const value = slot * 4 + (moved ? MOVED : 0);
    const place = this.#up.find(hi, lo, nowMs);
    if (place < 0) {
      const pending = this.#pending.find(hi, lo, nowMs);
      const ended = pending < 0 ? 0 : this.#pending.value(pending) & ENDED;
      this.#pending.put(hi, lo, value + ended, nowMs);
      return;
    }
    this.#up.touch(place, nowMs);
    const before = slotOf(this.#up.value(place));
    if (before === slot) return;
    this.#count(before, -1);
    this.#up.setValue(place, value);
    this.#count(slot, 1);
  }

  /** A 2xx to an INVITE passed: the call is up. One that had its BYE stays ended. */
  answered(hi: number, lo: number, nowMs: number): void {
    if (this.#up.find(hi, lo, nowMs) >= 0) return;
    const pending = this.#pending.find(hi, lo, nowMs);
    const value = pending < 0 ? ENDED : this.#pending.value(pending);
    if ((value & ENDED) !== 0) return;
    this.#up.put(hi, lo, value, nowMs);
    this.#count(slotOf(value), 1);
    this.#pending.remove(pending);
  }

  /** A BYE passed: the call ends, its node stays known for retransmissions. */
  ended(hi: number, lo: number, nowMs: number): void {
    const up = this.#up.find(hi, lo, nowMs);
    if (up < 0) return;
    const value = this.#up.value(up);
    this.#up.remove(up);
    this.#pending.put(hi, lo, value | ENDED, nowMs);
  }

  expire(nowMs: number): void {
    this.#up.expire(nowMs, 10_000);
    this.#pending.expire(nowMs, 10_000);
  }

  /** Writes the counts into the nodes again, after a table swap gave some of them new counters. */
  recount(): void {
    for (let slot = 0; slot < this.#slots.size; slot += 1) this.#count(slot, 0);
  }

  #count(slot: number, change: number): void {
    const count = (this.#counts[slot] ?? 0) + change;
    this.#counts[slot] = count;
    this.#slots.node(slot).live.activeSessions = count;
  }
}

const slotOf = (value: number): number => value >> 2;
