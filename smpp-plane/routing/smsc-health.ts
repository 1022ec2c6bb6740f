import type { Clock } from '../../runtime/clock';

interface Trouble {
  failures: number;
  untilMs: number;
}

const LONGEST_MS = 30_000;

/** Remembers SMSCs that could not be reached: each is passed over for a time that doubles, so that no bind waits for the same dead host again. */
export class SmscHealth {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #troubles = new Map<string, Trouble>();

  constructor(clock: Clock, firstMs: number) {
    this.#clock = clock;
    this.#firstMs = firstMs;
  }

  failed(id: string): void {
    const failures = Math.min(16, (this.#troubles.get(id)?.failures ?? 0) + 1);
    const waitMs = Math.min(LONGEST_MS, this.#firstMs * 2 ** (failures - 1));
    this.#troubles.set(id, { failures, untilMs: this.#clock.now() + waitMs });
  }

  succeeded(id: string): void {
    this.#troubles.delete(id);
  }

  isSuspended(id: string): boolean {
    const trouble = this.#troubles.get(id);
    return trouble !== undefined && this.#clock.now() < trouble.untilMs;
  }

  /** Forgets all but these. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#troubles.keys()) if (!ids.has(id)) this.#troubles.delete(id);
  }
}
