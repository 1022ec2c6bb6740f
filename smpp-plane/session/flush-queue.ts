/** Something with bytes to write at the end of the present turn. */
export interface Flushable {
  flush(): void;
}

/** Gathers what one turn of the event loop wants to write, so that each socket is written once. Shared by all links of a plane. */
export class FlushQueue {
  #waiting: Flushable[] = [];

  /** At most once per flush and link. */
  add(link: Flushable): void {
    if (this.#waiting.push(link) === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i += 1) (waiting[i] as Flushable).flush();
  };
}
