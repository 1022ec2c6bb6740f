interface Entry {
  readonly key: string;
  nodeId: string;
  usedAtMs: number;
  /** Neighbours in order of last use; the ends name themselves. */
  older: Entry;
  newer: Entry;
}

export interface KeyMemoryLimits {
  readonly maxIdleMs: number;
  readonly maxEntries: number;
}

/**
 * Which node each key went to; a key that was idle too long, or the longest unused one beyond the limit, is forgotten. The order of use
 * is a list of its own: a Map that lost its first keys is walked over all their places to find the next.
 */
export class KeyMemory {
  readonly #limits: KeyMemoryLimits;
  readonly #entries = new Map<string, Entry>();
  #oldest: Entry | undefined;
  #newest: Entry | undefined;

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
    if (known !== undefined) {
      known.nodeId = nodeId;
      known.usedAtMs = nowMs;
      if (known === this.#newest) return;
      this.#unlink(known);
      this.#link(known);
      return;
    }
    if (this.#oldest !== undefined && this.#entries.size >= this.#limits.maxEntries) this.#forget(this.#oldest);
    const entry = { key, nodeId, usedAtMs: nowMs } as Entry;
    this.#entries.set(key, entry);
    this.#link(entry);
  }

  #forgetIdle(nowMs: number): void {
    const { maxIdleMs } = this.#limits;
    let oldest = this.#oldest;
    while (oldest !== undefined && nowMs - oldest.usedAtMs > maxIdleMs) {
      this.#forget(oldest);
      oldest = this.#oldest;
    }
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#unlink(entry);
  }

  #link(entry: Entry): void {
    const before = this.#newest;
    entry.newer = entry;
    entry.older = before ?? entry;
    if (before === undefined) this.#oldest = entry;
    else before.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    const older = entry.older === entry ? undefined : entry.older;
    const newer = entry.newer === entry ? undefined : entry.newer;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer ?? older;
    if (newer === undefined) this.#newest = older;
    else newer.older = older ?? newer;
  }
}
