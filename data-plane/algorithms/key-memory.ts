import { hashText, type Hash64 } from '../hash';
import { RecentTable } from '../recent-table';

export interface KeyMemoryLimits {
  readonly maxIdleMs: number;
  readonly maxEntries: number;
}

/** Most idle keys that are forgotten at one look. */
const FORGET_AT_ONCE = 100;
/** So many nodes must come and go before all is forgotten, so that their names do not pile up. */
const MAX_NODES = 100_000;

/**
 * Which node each key went to; a key that was idle too long, or the longest unused one beyond the limit, is forgotten. Keys are kept as
 * their hashes of 64 bits, 36 bytes each: a map of a million strings costs a wait for memory at every step.
 */
export class KeyMemory {
  readonly #limits: KeyMemoryLimits;
  #table: RecentTable;
  /** Nodes as small numbers. */
  readonly #nodeIds: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** A key is asked for and then set: its hash is made once. */
  #key: string | undefined;
  #hash: Hash64 = { hi: 0, lo: 0 };

  constructor(limits: KeyMemoryLimits) {
    this.#limits = limits;
    this.#table = newTable(limits);
  }

  get size(): number {
    return this.#table.size;
  }

  /** The id of the key's node, without touching it. */
  get(key: string, nowMs: number): string | undefined {
    this.#table.expire(nowMs, FORGET_AT_ONCE);
    const { hi, lo } = this.#hashOf(key);
    const place = this.#table.find(hi, lo, nowMs);
    return place < 0 ? undefined : this.#nodeIds[this.#table.value(place)];
  }

  /** The key was used and its node is this one. */
  set(key: string, nodeId: string, nowMs: number): void {
    const { hi, lo } = this.#hashOf(key);
    this.#table.put(hi, lo, this.#numberOf(nodeId), nowMs);
  }

  #hashOf(key: string): Hash64 {
    if (key !== this.#key) {
      this.#key = key;
      this.#hash = hashText(key);
    }
    return this.#hash;
  }

  #numberOf(nodeId: string): number {
    let number = this.#numbers.get(nodeId);
    if (number === undefined) {
      if (this.#nodeIds.length === MAX_NODES) this.#forgetAll();
      number = this.#nodeIds.length;
      this.#nodeIds.push(nodeId);
      this.#numbers.set(nodeId, number);
    }
    return number;
  }

  #forgetAll(): void {
    this.#table = newTable(this.#limits);
    this.#nodeIds.length = 0;
    this.#numbers.clear();
  }
}

const newTable = ({ maxEntries, maxIdleMs }: KeyMemoryLimits): RecentTable => new RecentTable(maxEntries, maxIdleMs);
