import type { PlaneNode } from '../../data-plane';
import type { NodeSlots } from './node-slots';
import { RecentTable } from './recent-table';

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
  readonly #pending: RecentTable;
  readonly #pendingSlots: Int32Array;
  /** 1: had its BYE. */
  readonly #ended: Uint8Array;
  readonly #up: RecentTable;
  readonly #upSlots: Int32Array;
  readonly #upMoved: Uint8Array;
  readonly #pendingMoved: Uint8Array;
  /** Live calls by slot. */
  readonly #counts: number[] = [];

  constructor(options: CallTableOptions, slots: NodeSlots) {
    const { capacity, maxIdleMs } = options;
    this.#slots = slots;
    this.#pending = new RecentTable(capacity, PENDING_MS);
    this.#pendingSlots = new Int32Array(capacity);
    this.#pendingMoved = new Uint8Array(capacity);
    this.#ended = new Uint8Array(capacity);
    this.#up = new RecentTable(capacity, maxIdleMs, (place) => this.#count(this.#upSlots[place] as number, -1));
    this.#upSlots = new Int32Array(capacity);
    this.#upMoved = new Uint8Array(capacity);
  }

  /** Calls that are up. */
  get live(): number {
    return this.#up.size;
  }

  /** Did the call that `find` found last move away from the node that its hint names? */
  moved = false;

  /** The node that a call is at, or undefined. */
  find(hi: number, lo: number, nowMs: number): PlaneNode | undefined {
    let place = this.#up.find(hi, lo, nowMs);
    if (place >= 0) {
      this.#up.touch(place, nowMs);
      this.moved = this.#upMoved[place] === 1;
      return this.#slots.node(this.#upSlots[place] as number);
    }
    place = this.#pending.find(hi, lo, nowMs);
    if (place < 0) return undefined;
    this.#pending.touch(place, nowMs);
    this.moved = this.#pendingMoved[place] === 1;
    return this.#slots.node(this.#pendingSlots[place] as number);
  }

  /** A call was routed to a node, or moved to it from one that is gone. */
  routed(hi: number, lo: number, node: PlaneNode, moved: boolean, nowMs: number): void {
    const slot = this.#slots.of(node);
    let place = this.#up.find(hi, lo, nowMs);
    if (place >= 0) {
      this.#up.touch(place, nowMs);
      if (this.#upSlots[place] === slot) return;
      this.#count(this.#upSlots[place] as number, -1);
      this.#upSlots[place] = slot;
      this.#upMoved[place] = moved ? 1 : 0;
      this.#count(slot, 1);
      return;
    }
    place = this.#pending.find(hi, lo, nowMs);
    if (place < 0) {
      place = this.#pending.insert(hi, lo, nowMs);
      this.#ended[place] = 0;
    } else this.#pending.touch(place, nowMs);
    this.#pendingSlots[place] = slot;
    this.#pendingMoved[place] = moved ? 1 : 0;
  }

  /** A 2xx to an INVITE passed: the call is up. One that had its BYE stays ended. */
  answered(hi: number, lo: number, nowMs: number): void {
    if (this.#up.find(hi, lo, nowMs) >= 0) return;
    const pending = this.#pending.find(hi, lo, nowMs);
    if (pending < 0 || this.#ended[pending] === 1) return;
    const slot = this.#pendingSlots[pending] as number;
    const place = this.#up.insert(hi, lo, nowMs);
    this.#upSlots[place] = slot;
    this.#upMoved[place] = this.#pendingMoved[pending] as number;
    this.#count(slot, 1);
    this.#pending.remove(pending);
  }

  /** A BYE passed: the call ends, its node stays known for retransmissions. */
  ended(hi: number, lo: number, nowMs: number): void {
    const up = this.#up.find(hi, lo, nowMs);
    if (up < 0) return;
    const slot = this.#upSlots[up] as number;
    const moved = this.#upMoved[up] as number;
    this.#up.remove(up);
    const place = this.#pending.insert(hi, lo, nowMs);
    this.#pendingSlots[place] = slot;
    this.#pendingMoved[place] = moved;
    this.#ended[place] = 1;
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
