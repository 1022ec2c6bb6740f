import type { Peer } from './peer';

const TABLE_SIZE = 65_536;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * Token buckets, one for each source that sends: a message costs one token, whatever it says. Bounded like the table of peers: two
 * generations, the older of which is forgotten when the newer is full.
 */
export class RateLimiter {
  readonly #perMs: number;
  readonly #burst: number;
  #recent = new Map<number | string, Bucket>();
  #older = new Map<number | string, Bucket>();

  /** @param perSecond messages a second that one source may send. @param burst how many it may send at once. */
  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = Math.max(1, burst);
  }

  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Takes a token; false: the source has none left. Nodes are never limited. */
  take(peer: Peer, nowMs: number): boolean {
    if (peer.node !== undefined) return true;
    const bucket = this.#bucket(peer.source, nowMs);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (nowMs - bucket.filledAtMs) * this.#perMs);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #bucket(source: number | string, nowMs: number): Bucket {
    const recent = this.#recent.get(source);
    if (recent !== undefined) return recent;
    const bucket = this.#older.get(source) ?? { tokens: this.#burst, filledAtMs: nowMs };
    if (this.#recent.size >= TABLE_SIZE) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(source, bucket);
    return bucket;
  }
}
