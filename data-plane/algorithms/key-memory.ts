interface Entry {
  nodeId: string;
  usedAtMs: number;
}

export interface KeyMemoryLimits {
  readonly maxIdleMs: number;
  readonly maxEntries: number;
}

/** Which node each key went to; a key that was idle too long, or the longest unused one beyond the limit, is forgotten. */
export class KeyMemory {
  readonly #limits: KeyMemoryLimits;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** No entry is idle too long before this time. */
  #idleFromMs = Number.NEGATIVE_INFINITY;

  constructor(limits: KeyMemoryLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The id of the key's node, without touching it. */
  get(key: string, nowMs: number): string | undefined {
    // Walking a map, even one step of it, costs more than the look-up.
    if (nowMs > this.#idleFromMs) this.#forgetIdle(nowMs);
    return this.#entries.get(key)?.nodeId;
  }

  /** The key was used and its node is this one. */
  set(key: string, nodeId: string, nowMs: number): void {
    const known = this.#entries.get(key);
    if (known === undefined) {
      if (this.#entries.size >= this.#limits.maxEntries) this.#forgetOldest();
      this.#entries.set(key, { nodeId, usedAtMs: nowMs });
      return;
    }
    known.nodeId = nodeId;
    known.usedAtMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, known);
  }

  #forgetIdle(nowMs: number): void {
    const { maxIdleMs } = this.#limits;
    this.#idleFromMs = nowMs + maxIdleMs;
    for (const [key, { usedAtMs }] of this.#entries) {
      if (nowMs - usedAtMs > maxIdleMs) this.#entries.delete(key);
      else {
        this.#idleFromMs = usedAtMs + maxIdleMs;
        return;
      }
    }
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
