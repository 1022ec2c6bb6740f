import type { Clock } from '../../runtime/clock';

export interface RateLimiterOptions {
  /** For long. */
  readonly perSecond: number;
  /** At once. */
  readonly burst: number;
  readonly clock: Clock;
  /** Most keys that are remembered; default 10 000. */
  readonly maxKeys?: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

/** A token bucket for each key. Bounded: when there are too many keys, the one that was quiet for longest is forgotten, and begins full again. */
export class RateLimiter {
  readonly #options: Required<RateLimiterOptions>;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimiterOptions) {
    this.#options = { maxKeys: 10_000, ...options };
  }

  /** False: too many, come back later. */
  take(key: string): boolean {
    const { perSecond, burst, clock, maxKeys } = this.#options;
    const now = clock.now();
    const bucket = this.#buckets.get(key) ?? { level: burst, atMs: now };
    bucket.level = Math.min(burst, bucket.level + ((now - bucket.atMs) * perSecond) / 1000);
    bucket.atMs = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (bucket.level < 1) return false;
    bucket.level -= 1;
    return true;
  }
}
