import { randomInt } from 'node:crypto';

const NONE = -1;

/** Fields of an entry, which lie together in one line of the cache: a look-up among many entries touches one line, not six. */
const STRIDE = 8;
const HI = 0;
const LO = 1;
/** Next in the same bucket, or in the list of free places. */
const CHAIN = 2;
const NEWER = 3;
const OLDER = 4;
const USED_AT = 5;
const VALUE = 6;

/** Called before an entry leaves, with its place. */
export type Forgotten = (place: number) => void;

/**
 * A bounded hash table of 64-bit keys in order of last use, without an object per entry: each has a fixed place (0 to capacity - 1) and holds
 * one 32-bit value. Full: the longest unused entry leaves. Times are whole milliseconds; idle entries must be let go of (`expire`) within 24 days.
 * Memory is taken as entries come. Which keys share a bucket is another matter in every table, so that nobody can send many that do.
 */
export class RecentTable {
  readonly capacity: number;
  readonly #maxIdleMs: number;
  readonly #forgotten: Forgotten | undefined;
  /** The first place of each bucket, plus one: 0 is what fresh memory holds. */
  readonly #buckets: Int32Array;
  readonly #bits: number;
  readonly #factorHi = randomInt(2 ** 31) * 2 + 1;
  readonly #factorLo = randomInt(2 ** 31) * 2 + 1;
  readonly #entries: Int32Array;
  #newest = NONE;
  #oldest = NONE;
  /** Places that were used and are free again. */
  #free = NONE;
  /** Places from here on were never used. */
  #unused = 0;
  #size = 0;

  constructor(capacity: number, maxIdleMs: number, forgotten?: Forgotten) {
    this.capacity = capacity;
    this.#maxIdleMs = maxIdleMs;
    this.#forgotten = forgotten;
    this.#bits = Math.max(1, Math.ceil(Math.log2(capacity)));
    this.#buckets = new Int32Array(2 ** this.#bits);
    this.#entries = new Int32Array(capacity * STRIDE);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Has the memory that `find` will ask for brought near; what it returns means nothing. Asked for many keys one after the other, the
   * waits go on side by side.
   */
  warm(hi: number, lo: number): number {
    const place = (this.#buckets[this.#bucket(hi, lo)] as number) - 1;
    return place < 0 ? 0 : (this.#entries[place * STRIDE] as number);
  }

  /** The same for what must leave when so many entries come. */
  warmOldest(count: number): number {
    if (this.#unused < this.capacity) return 0;
    const entries = this.#entries;
    let sum = 0;
    let place = this.#oldest;
    for (let i = 0; i < count && place !== NONE; i += 1) {
      const at = place * STRIDE;
      sum += this.#buckets[this.#bucket(entries[at + HI] as number, entries[at + LO] as number)] as number;
      place = entries[at + NEWER] as number;
    }
    return sum;
  }

  /** The place of a key, or -1; an entry that was idle too long counts as gone. */
  find(hi: number, lo: number, nowMs: number): number {
    const place = this.#place(hi, lo);
    return place !== NONE && this.#idleMs(place, nowMs) > this.#maxIdleMs ? NONE : place;
  }

  /** Notes that the entry was used now. */
  touch(place: number, nowMs: number): void {
    this.#entries[place * STRIDE + USED_AT] = nowMs;
    if (place === this.#newest) return;
    this.#unlink(place);
    this.#link(place);
  }

  /** The place of a key, made for it if need be, with this value; the longest idle entries leave meanwhile. */
  put(hi: number, lo: number, value: number, nowMs: number): number {
    const known = this.#place(hi, lo);
    if (known !== NONE && this.#idleMs(known, nowMs) <= this.#maxIdleMs) {
      this.touch(known, nowMs);
      this.#entries[known * STRIDE + VALUE] = value;
      return known;
    }
    if (known !== NONE) this.remove(known);
    return this.#insert(hi, lo, value, nowMs);
  }

  value(place: number): number {
    return this.#entries[place * STRIDE + VALUE] as number;
  }

  setValue(place: number, value: number): void {
    this.#entries[place * STRIDE + VALUE] = value;
  }

  remove(place: number): void {
    this.#forgotten?.(place);
    const entries = this.#entries;
    const chain = entries[place * STRIDE + CHAIN] as number;
    const bucket = this.#bucket(entries[place * STRIDE + HI] as number, entries[place * STRIDE + LO] as number);
    let at = (this.#buckets[bucket] as number) - 1;
    if (at === place) this.#buckets[bucket] = chain + 1;
    else {
      while (entries[at * STRIDE + CHAIN] !== place) at = entries[at * STRIDE + CHAIN] as number;
      entries[at * STRIDE + CHAIN] = chain;
    }
    this.#unlink(place);
    entries[place * STRIDE + CHAIN] = this.#free;
    this.#free = place;
    this.#size -= 1;
  }

  /** Lets entries go that were idle too long, at most `most` of them. */
  expire(nowMs: number, most: number): void {
    for (let i = 0; i < most && this.#oldest !== NONE; i += 1) {
      if (this.#idleMs(this.#oldest, nowMs) <= this.#maxIdleMs) return;
      this.remove(this.#oldest);
    }
  }

  #insert(hi: number, lo: number, value: number, nowMs: number): number {
    this.expire(nowMs, 2);
    const place = this.#takePlace();
    const at = place * STRIDE;
    const entries = this.#entries;
    const bucket = this.#bucket(hi, lo);
    entries[at + HI] = hi;
    entries[at + LO] = lo;
    entries[at + CHAIN] = (this.#buckets[bucket] as number) - 1;
    entries[at + USED_AT] = nowMs;
    entries[at + VALUE] = value;
    this.#buckets[bucket] = place + 1;
    this.#link(place);
    this.#size += 1;
    return place;
  }

  /** A free place; the longest unused entry gives its own when there is none. */
  #takePlace(): number {
    if (this.#free === NONE && this.#unused < this.capacity) {
      this.#unused += 1;
      return this.#unused - 1;
    }
    if (this.#free === NONE) this.remove(this.#oldest);
    const place = this.#free;
    this.#free = this.#entries[place * STRIDE + CHAIN] as number;
    return place;
  }

  #place(hi: number, lo: number): number {
    const entries = this.#entries;
    // The entries hold signed numbers.
    const high = hi | 0;
    const low = lo | 0;
    let place = (this.#buckets[this.#bucket(hi, lo)] as number) - 1;
    while (place !== NONE && (entries[place * STRIDE + LO] !== low || entries[place * STRIDE + HI] !== high)) {
      place = entries[place * STRIDE + CHAIN] as number;
    }
    return place;
  }

  /** Whole ms since the last use, right over the wrap of 32 bits. */
  #idleMs(place: number, nowMs: number): number {
    return ((nowMs | 0) - (this.#entries[place * STRIDE + USED_AT] as number)) | 0;
  }

  #bucket(hi: number, lo: number): number {
    return (Math.imul(hi, this.#factorHi) + Math.imul(lo, this.#factorLo)) >>> (32 - this.#bits);
  }

  #link(place: number): void {
    const entries = this.#entries;
    entries[place * STRIDE + OLDER] = this.#newest;
    entries[place * STRIDE + NEWER] = NONE;
    if (this.#newest === NONE) this.#oldest = place;
    else entries[this.#newest * STRIDE + NEWER] = place;
    this.#newest = place;
  }

  #unlink(place: number): void {
    const entries = this.#entries;
    const newer = entries[place * STRIDE + NEWER] as number;
    const older = entries[place * STRIDE + OLDER] as number;
    if (newer === NONE) this.#newest = older;
    else entries[newer * STRIDE + OLDER] = older;
    if (older === NONE) this.#oldest = newer;
    else entries[older * STRIDE + NEWER] = newer;
  }
}
