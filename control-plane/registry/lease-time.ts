import type { Clock } from '../../runtime/clock';

/**
 * Monotonic time without this process's own stalls. Heartbeats that came while the process stood still (a long pause,
 * a frozen machine) were not read, so a tick that is late by more than half its interval stretches the time by its lateness:
 * all deadlines move back at once.
 */
export class LeaseTime {
  readonly #clock: Clock;
  readonly #tickMs: number;
  #dueMs: number;
  #stalledMs = 0;
  #tickedAtMs: number;
  #sinceTickMs = 0;

  /** `tickMs`: how often `tick` is called. */
  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#dueMs = clock.now() + tickMs;
    this.#tickedAtMs = clock.now();
  }

  /** Ms that the process has lost to stalls so far. */
  get stalledMs(): number {
    return this.#stalledMs;
  }

  /** Ms from an arbitrary start, stalls left out. */
  now(): number {
    const now = this.#clock.now();
    const lateMs = now - this.#dueMs;
    if (lateMs > this.#tickMs / 2) {
      this.#stalledMs += lateMs;
      this.#dueMs = now;
    }
    return now - this.#stalledMs;
  }

  /** The time since the last tick does not count. Called instead of checking, right after `tick`. */
  hold(): void {
    this.#stalledMs += this.#sinceTickMs;
    this.#tickedAtMs -= this.#sinceTickMs;
  }

  /** The periodic check is running now. */
  tick(): number {
    const now = this.now();
    this.#sinceTickMs = now - this.#tickedAtMs;
    this.#tickedAtMs = now;
    this.#dueMs = this.#clock.now() + this.#tickMs;
    return now;
  }
}
