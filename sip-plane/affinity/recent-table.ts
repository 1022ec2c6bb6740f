const NONE = -1;

/** Called before an entry leaves, with its place. */
export type Forgotten = (place: number) => void;

/**
 * A bounded hash table of 64-bit keys in order of last use, without an object per entry. Each entry has a fixed place (0 to capacity - 1)
 * under which its owner keeps values in arrays of its own. Full: the longest unused entry leaves.
 */
export class RecentTable {
  readonly capacity: number;
  readonly #maxIdleMs: number;
  readonly #forgotten: Forgotten | undefined;
  readonly #buckets: Int32Array;
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;
  /** Next in the same bucket, or in the list of free places. */
  readonly #chain: Int32Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #usedAtMs: Float64Array;
  #newest = NONE;
  #oldest = NONE;
  #free = 0;
  #size = 0;

  constructor(capacity: number, maxIdleMs: number, forgotten?: Forgotten) {
    this.capacity = capacity;
    this.#maxIdleMs = maxIdleMs;
    this.#forgotten = forgotten;
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(capacity))).fill(NONE);
    this.#hi = new Uint32Array(capacity);
    this.#lo = new Uint32Array(capacity);
    this.#chain = new Int32Array(capacity).map((_, i) => (i + 1 < capacity ? i + 1 : NONE));
    this.#newer = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#usedAtMs = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The place of a key, or -1; an entry that was idle too long counts as gone. */
  find(hi: number, lo: number, nowMs: number): number {
    let place = this.#buckets[this.#bucket(lo)] as number;
    while (place !== NONE && (this.#lo[place] !== lo || this.#hi[place] !== hi)) place = this.#chain[place] as number;
    return place !== NONE && nowMs - (this.#usedAtMs[place] as number) > this.#maxIdleMs ? NONE : place;
  }

  /** Notes that the entry was used now. */
  touch(place: number, nowMs: number): void {
    this.#usedAtMs[place] = nowMs;
    if (place === this.#newest) return;
    this.#unlink(place);
    this.#link(place);
  }

  /** The place of a key that is not in the table (any more), made for it. */
  insert(hi: number, lo: number, nowMs: number): number {
    const stale = this.find(hi, lo, Number.NEGATIVE_INFINITY);
    if (stale !== NONE) this.remove(stale);
    this.expire(nowMs, 4);
    if (this.#free === NONE) this.remove(this.#oldest);
    const place = this.#free;
    this.#free = this.#chain[place] as number;
    const bucket = this.#bucket(lo);
    this.#hi[place] = hi;
    this.#lo[place] = lo;
    this.#chain[place] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = place;
    this.#usedAtMs[place] = nowMs;
    this.#link(place);
    this.#size += 1;
    return place;
  }

  remove(place: number): void {
    this.#forgotten?.(place);
    const bucket = this.#bucket(this.#lo[place] as number);
    let at = this.#buckets[bucket] as number;
    if (at === place) this.#buckets[bucket] = this.#chain[place] as number;
    else {
      while (this.#chain[at] !== place) at = this.#chain[at] as number;
      this.#chain[at] = this.#chain[place] as number;
    }
    this.#unlink(place);
    this.#chain[place] = this.#free;
    this.#free = place;
    this.#size -= 1;
  }

  /** Lets entries go that were idle too long, at most `most` of them. */
  expire(nowMs: number, most: number): void {
    for (let i = 0; i < most && this.#oldest !== NONE; i += 1) {
      if (nowMs - (this.#usedAtMs[this.#oldest] as number) <= this.#maxIdleMs) return;
      this.remove(this.#oldest);
    }
  }

  #bucket(lo: number): number {
    return lo & (this.#buckets.length - 1);
  }

  #link(place: number): void {
    this.#older[place] = this.#newest;
    this.#newer[place] = NONE;
    if (this.#newest === NONE) this.#oldest = place;
    else this.#newer[this.#newest] = place;
    this.#newest = place;
  }

  #unlink(place: number): void {
    const newer = this.#newer[place] as number;
    const older = this.#older[place] as number;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
  }
}
