import type { Counter, Counters } from './counters';

const LOWEST = 100;
const HIGHEST = 699;

/**
 * Counts answers by status code as `<prefix>.<code>`; a code has its counter from the first answer that bears it.
 * Codes below 100 and above 699 share `<prefix>.OTHER`, so that no peer can make more than 601 of them.
 */
export class StatusCounters {
  readonly #counters: Counters;
  readonly #prefix: string;
  readonly #byCode = Array.from<Counter | null>({ length: HIGHEST - LOWEST + 1 }).fill(null);
  #other: Counter | null = null;

  constructor(counters: Counters, prefix: string) {
    this.#counters = counters;
    this.#prefix = prefix;
  }

  count(status: number): void {
    const counter = status >= LOWEST && status <= HIGHEST ? this.#byCode[status - LOWEST] : this.#other;
    if (counter) counter.value += 1;
    else this.#first(status);
  }

  #first(status: number): void {
    const known = status >= LOWEST && status <= HIGHEST;
    const counter = this.#counters.counter(`${this.#prefix}.${known ? status : 'OTHER'}`);
    counter.value += 1;
    if (known) this.#byCode[status - LOWEST] = counter;
    else this.#other = counter;
  }
}
