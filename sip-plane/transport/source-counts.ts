import type { Peer } from './peer';

/** How many connections each source has open, against a limit. As big as the number of connections, which is limited too. */
export class SourceCounts {
  readonly #limit: number;
  readonly #counts = new Map<number | string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one more; false: the source has as many as it may. */
  take({ source }: Peer): boolean {
    const count = this.#counts.get(source) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(source, count + 1);
    return true;
  }

  /** One that was taken is closed. */
  give({ source }: Peer): void {
    const count = this.#counts.get(source) ?? 0;
    if (count > 1) this.#counts.set(source, count - 1);
    else this.#counts.delete(source);
  }
}
