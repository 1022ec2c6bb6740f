/** Something that did not succeed. */
export interface Failure {
  readonly atMs: number;
  readonly what: string;
}

/** Traffic through one plane. */
export interface Load {
  readonly plane: string;
  /** Calls, requests or submits so far. */
  readonly sent: number;
  /** In the order in which they were noticed. `atMs`: when the work began. */
  readonly failures: readonly Failure[];
  start(): Promise<void>;
  /** Sends nothing new and waits for what is under way. */
  stop(): Promise<void>;
}

/** Runs `work` so many times a second until it is stopped; what runs then is waited for. */
export class Pace {
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(perSecond: number, work: () => Promise<void>) {
    this.#timer = setInterval(() => {
      const one = work().finally(() => this.#open.delete(one));
      this.#open.add(one);
    }, 1000 / perSecond);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }
}
