import type { Random } from './random';

export interface BackoffOptions {
  /** First ceiling, ms. Default 250. */
  readonly initialMs?: number;
  /** Last ceiling, ms. Default 5000. */
  readonly maxMs?: number;
  readonly random: Random;
}

/** Full-jitter exponential back-off: each wait is chance times a ceiling that doubles up to `maxMs`. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #ceilingMs: number;

  constructor(options: BackoffOptions) {
    this.#initialMs = options.initialMs ?? 250;
    this.#maxMs = options.maxMs ?? 5000;
    this.#random = options.random;
    this.#ceilingMs = this.#initialMs;
  }

  /** Milliseconds to wait before the next try; at least a tenth of the first ceiling, so that it never spins. */
  next(): number {
    const wait = Math.max(this.#initialMs / 10, this.#random() * this.#ceilingMs);
    this.#ceilingMs = Math.min(this.#maxMs, this.#ceilingMs * 2);
    return wait;
  }

  /** After a success. */
  reset(): void {
    this.#ceilingMs = this.#initialMs;
  }
}
