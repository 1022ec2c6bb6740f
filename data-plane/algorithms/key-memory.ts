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

  constructor(limits: KeyMemoryLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The id of the key's node, without touching it. */
  get(key: string, nowMs: number): string | undefined {
    this.#forgetIdle(nowMs);
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
    for (const [key, { usedAtMs }] of this.#entries) {
      if (nowMs - usedAtMs <= this.#limits.maxIdleMs) return;
      this.#entries.delete(key);
    }
  }

  #forgetOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
