import type { Clock } from './clock';

/** What this process uses: CPU since the last question, and heap. */
export class ProcessMeter {
  readonly #clock: Clock;
  #usage = process.cpuUsage();
  #atMs: number;
  #percent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.now();
  }

  /** Whole percent of one core, over the time since the last question (at least one second of it). */
  cpuPercent(): number {
    const elapsedMs = this.#clock.now() - this.#atMs;
    if (elapsedMs < 1000) return this.#percent;
    const { user, system } = process.cpuUsage(this.#usage);
    this.#usage = process.cpuUsage();
    this.#atMs += elapsedMs;
    this.#percent = Math.round((user + system) / 10 / elapsedMs);
    return this.#percent;
  }

  heapBytes(): number {
    return process.memoryUsage().heapUsed;
  }
}
