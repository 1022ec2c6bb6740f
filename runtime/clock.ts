/** Something scheduled that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** All time goes through this, so that tests own it. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; fractions possible. For leases, timeouts and ages. */
  now(): number;
  /** Wall clock, for people only; no decision uses it. */
  date(): Date;
  /** Runs `task` once after `ms`. Never keeps the process alive by itself. */
  after(ms: number, task: () => void): Timer;
  /** Runs `task` each `ms` until cancelled. Never keeps the process alive by itself. */
  every(ms: number, task: () => void): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, task) {
    const handle = setTimeout(task, ms);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, task) {
    const handle = setInterval(task, ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};
