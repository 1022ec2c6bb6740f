/** A number that only grows. Hot paths hold it and do `counter.value += 1`. */
export interface Counter {
  value: number;
}

/**
 * The figures of one process, by dotted name (`sip.external.requests.INVITE`). Made once, bumped as plain numbers,
 * read by the stats reporter, `/metrics` and `/lbstat`. Every name is listed in docs/statistics.md.
 */
export class Counters {
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, () => number>();

  /** The counter of that name, made at the first call. Not for packet paths: keep what it returns. */
  counter(name: string): Counter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = { value: 0 };
      this.#counters.set(name, counter);
    }
    return counter;
  }

  /** A value of the moment, asked for when somebody reads. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read);
  }

  snapshotCounters(): Map<string, number> {
    return new Map([...this.#counters].map(([name, counter]) => [name, counter.value]));
  }

  snapshotGauges(): Map<string, number> {
    return new Map([...this.#gauges].map(([name, read]) => [name, read()]));
  }
}
