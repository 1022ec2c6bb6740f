interface Entry<V> {
  readonly value: V;
  readonly untilMs: number;
}

/** A map that forgets: each entry after `ttlMs`, and the oldest when there are more than `maxEntries`. */
export class ExpiringMap<V> {
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  /** In order of insertion, so of expiry. */
  readonly #entries = new Map<string, Entry<V>>();

  constructor(ttlMs: number, maxEntries: number) {
    this.#ttlMs = ttlMs;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.untilMs > nowMs ? entry.value : undefined;
  }

  set(key: string, value: V, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: nowMs + this.#ttlMs });
    this.#forget(nowMs);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Two at most per insertion, so that no insertion pays for many. */
  #forget(nowMs: number): void {
    let left = 2;
    for (const [key, entry] of this.#entries) {
      if (left === 0 || (entry.untilMs > nowMs && this.#entries.size <= this.#maxEntries)) return;
      this.#entries.delete(key);
      left -= 1;
    }
  }
}
