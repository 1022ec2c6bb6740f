/** How much may be saved up, seconds of the rate. */
const BURST_SECONDS = 0.5;

/** Lets so many messages a second through, bursts of half a second's worth included. On the packet path: plain arithmetic. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAtMs: number;

  /** `perSecond`: above 0. */
  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#capacity = Math.max(1, perSecond * BURST_SECONDS);
    this.#tokens = this.#capacity;
    this.#filledAtMs = nowMs;
  }

  hasToken(nowMs: number): boolean {
    if (this.#tokens >= 1) return true;
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    return this.#tokens >= 1;
  }

  /** Takes one; ask `hasToken` first. */
  take(nowMs: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs) - 1;
    this.#filledAtMs = nowMs;
  }
}
