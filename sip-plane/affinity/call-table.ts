import { RecentTable, type PlaneNode } from '../../data-plane';
import type { NodeSlots } from './node-slots';

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

/** Where the table tells what other worker processes are to know. */
export interface CallNews {
  routed(hi: number, lo: number, nodeId: string, moved: boolean): void;
  answered(hi: number, lo: number): void;
  ended(hi: number, lo: number): void;
}

/**
 * Which node each call is at, by Call-ID: for clients that lose their Route, and for counting live calls per node as well as one
 * can who sees messages but keeps no dialogs. A call is up from the 2xx of its INVITE to its BYE. Among worker processes the one that
 * routed a call counts it, whoever sees its 2xx and its BYE, and all know its node.
 */
export class CallTable {
  readonly #slots: NodeSlots;
  /** Values of all tables: the node's slot, times four, and two flags. */
  readonly #pending: RecentTable;
  readonly #up: RecentTable;
  /** Calls that other workers count; undefined: there are none. */
  readonly #elsewhere: RecentTable | undefined;
  readonly #news: CallNews | undefined;
  /** Live calls by slot. */
  readonly #counts: number[] = [];

  constructor(options: CallTableOptions, slots: NodeSlots, news?: CallNews) {
    const { capacity, maxIdleMs } = options;
    this.#slots = slots;
    this.#pending = new RecentTable(capacity, PENDING_MS);
    this.#up = new RecentTable(capacity, maxIdleMs, (place) => this.#count(slotOf(this.#up.value(place)), -1));
    this.#elsewhere = news && new RecentTable(capacity, maxIdleMs);
    this.#news = news;
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
    }
    if (place < 0 && this.#elsewhere !== undefined) {
      table = this.#elsewhere;
      place = table.find(hi, lo, nowMs);
    }
    if (place < 0) return undefined;
    table.touch(place, nowMs);
    const value = table.value(place);
    this.moved = (value & MOVED) !== 0;
    return this.#slots.node(slotOf(value));
  }

  /** See RecentTable, as the next one. */
  warmOldest(count: number): number {
    return this.#up.warmOldest(count) + this.#pending.warmOldest(count);
  }

  warm(hi: number, lo: number): number {
    return this.#up.warm(hi, lo) + this.#pending.warm(hi, lo);
  }

  /** A call was routed to a node, or moved to it from one that is gone. */
  routed(hi: number, lo: number, node: PlaneNode, moved: boolean, nowMs: number): void {
    const slot = this.#slots.of(node);
    const before = this.#place(hi, lo, slot * 4 + (moved ? MOVED : 0), nowMs);
    if (before !== slot) this.#news?.routed(hi, lo, node.id, moved);
  }

  /** A 2xx to an INVITE passed: the call is up. One that had its BYE stays ended. */
  answered(hi: number, lo: number, nowMs: number): void {
    if (!this.#answer(hi, lo, nowMs)) this.#news?.answered(hi, lo);
  }

  /** A BYE passed: the call ends, its node stays known for retransmissions. */
  ended(hi: number, lo: number, nowMs: number): void {
    this.#end(hi, lo, nowMs);
    this.#news?.ended(hi, lo);
  }

  /** Another worker routed a call; the news of both may have crossed, and then each has it. */
  heardRouted(hi: number, lo: number, node: PlaneNode, moved: boolean, nowMs: number): void {
    const value = this.#slots.of(node) * 4 + (moved ? MOVED : 0);
    const here = this.#up.find(hi, lo, nowMs) >= 0 || this.#pending.find(hi, lo, nowMs) >= 0;
    if (!here) this.#elsewhere?.put(hi, lo, value, nowMs);
    else if (moved) this.#place(hi, lo, value, nowMs);
  }

  /** Another worker saw a 2xx of a call that it does not count. */
  heardAnswered(hi: number, lo: number, nowMs: number): void {
    this.#answer(hi, lo, nowMs);
  }

  /** Another worker saw the BYE of a call. */
  heardEnded(hi: number, lo: number, nowMs: number): void {
    this.#end(hi, lo, nowMs);
  }

  /** Writes down where a call is; returns the slot that it was at, -1: it was not known. */
  #place(hi: number, lo: number, value: number, nowMs: number): number {
    let place = this.#up.find(hi, lo, nowMs);
    if (place >= 0) return this.#move(place, value, nowMs);
    place = this.#elsewhere?.find(hi, lo, nowMs) ?? -1;
    if (place >= 0) {
      const before = slotOf((this.#elsewhere as RecentTable).value(place));
      this.#elsewhere?.put(hi, lo, before === slotOf(value) ? this.#elsewhere.value(place) | value : value, nowMs);
      return before;
    }
    place = this.#pending.find(hi, lo, nowMs);
    const before = place < 0 ? -1 : this.#pending.value(place);
    this.#pending.put(hi, lo, value + (before < 0 ? 0 : before & ENDED), nowMs);
    return before < 0 ? -1 : slotOf(before);
  }

  /** A call that is up: its count goes with it. */
  #move(place: number, value: number, nowMs: number): number {
    this.#up.touch(place, nowMs);
    const before = slotOf(this.#up.value(place));
    if (before === slotOf(value)) return before;
    this.#count(before, -1);
    this.#up.setValue(place, value);
    this.#count(slotOf(value), 1);
    return before;
  }

  /** False: the call is not known here, or another worker counts it. */
  #answer(hi: number, lo: number, nowMs: number): boolean {
    if (this.#up.find(hi, lo, nowMs) >= 0) return true;
    const pending = this.#pending.find(hi, lo, nowMs);
    if (pending < 0) return false;
    const value = this.#pending.value(pending);
    if ((value & ENDED) !== 0) return true;
    this.#up.put(hi, lo, value, nowMs);
    this.#count(slotOf(value), 1);
    this.#pending.remove(pending);
    return true;
  }

  #end(hi: number, lo: number, nowMs: number): void {
    let table: RecentTable | undefined = this.#up;
    let place = table.find(hi, lo, nowMs);
    if (place < 0 && this.#news !== undefined) {
      // The word that it was answered may still be on its way.
      table = this.#pending;
      place = table.find(hi, lo, nowMs);
      if (place < 0) {
        table = this.#elsewhere;
        place = table?.find(hi, lo, nowMs) ?? -1;
      }
    }
    if (place < 0 || table === undefined) return;
    const value = table.value(place);
    if (table !== this.#pending) table.remove(place);
    this.#pending.put(hi, lo, value | ENDED, nowMs);
  }

  expire(nowMs: number): void {
    this.#up.expire(nowMs, 10_000);
    this.#pending.expire(nowMs, 10_000);
    this.#elsewhere?.expire(nowMs, 10_000);
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
