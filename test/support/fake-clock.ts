import type { Clock, Timer } from '../../runtime/clock';

interface Task {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  readonly #tasks = new Set<Task>();

  now(): number {
    return this.#nowMs;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#nowMs);
  }

  after(ms: number, run: () => void): Timer {
    return this.#schedule({ atMs: this.#nowMs + ms, everyMs: undefined, run });
  }

  every(ms: number, run: () => void): Timer {
    return this.#schedule({ atMs: this.#nowMs + ms, everyMs: ms, run });
  }

  /** Moves time forward and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (let task = this.#next(until); task !== undefined; task = this.#next(until)) {
      this.#nowMs = Math.max(this.#nowMs, task.atMs);
      if (task.everyMs === undefined) this.#tasks.delete(task);
      else task.atMs += task.everyMs;
      task.run();
    }
    this.#nowMs = until;
  }

  /** Time passes while nothing runs, as when the process was stopped; what fell due runs at the next `advance`. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }

  /** How many timers are still set. */
  get pending(): number {
    return this.#tasks.size;
  }

  #schedule(task: Task): Timer {
    this.#tasks.add(task);
    return { cancel: () => this.#tasks.delete(task) };
  }

  #next(untilMs: number): Task | undefined {
    let first: Task | undefined;
    for (const task of this.#tasks)
      if (task.atMs <= untilMs && (first === undefined || task.atMs < first.atMs)) first = task;
    return first;
  }
}
