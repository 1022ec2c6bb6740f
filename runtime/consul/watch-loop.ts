import { Backoff } from '../backoff';
import type { Clock } from '../clock';
import type { Random } from '../random';

export interface WatchLoopOptions {
  /**
   * One blocking query after `index` (0: answers at once), whose answer it also takes. Resolves to the index of the answer, and to 0
   * when it must be asked for anew.
   */
  readonly ask: (index: number) => Promise<number>;
  /** After each answer. Returns the least time until the next question, ms. */
  readonly answered: () => number;
  readonly failed: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Blocking queries without end, by Consul's rules: an index that went back begins anew, and so does any error, or a watch that outlived a
 * loss of state would wait for an index that does not come for long. Errors wait with jitter, up to five seconds, for ever.
 */
export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  #closed = false;

  constructor(options: WatchLoopOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ random: options.random });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the question of the moment has ended: whoever asks must end it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endPause?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { ask, answered, failed } = this.#options;
    let since = 0;
    while (!this.#closed) {
      try {
        const index = await ask(since);
        since = index >= since ? index : 0;
        this.#backoff.reset();
        await this.#pause(answered());
      } catch (error) {
        since = 0;
        if (this.#closed) return;
        failed(error);
        await this.#pause(this.#backoff.next());
      }
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
