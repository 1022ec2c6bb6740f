import { fork, type ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../../runtime/clock';
import { TriplaneError } from '../../runtime/errors';
import type { ReadyMessage, StoppingMessage } from '../../runtime/lifecycle';

export interface ChildOptions {
  readonly name: string;
  /** The program's file. */
  readonly main: string;
  readonly args: readonly string[];
  readonly clock: Clock;
}

/** One service as a child process. Its standard error is ours, so its log and its one line of failure reach the operator as they are. */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;

  constructor(options: ChildOptions) {
    this.#options = options;
    // A process group of its own: Ctrl-C in a terminal would reach it beside our SIGTERM, and two signals mean "at once".
    this.#process = fork(options.main, options.args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Told when an operator stopped it by its page: it closes in `delayMs`. */
  onStopping(listener: (delayMs: number) => void): void {
    this.#process.on('message', (message: ReadyMessage | StoppingMessage) => {
      if (message.type === 'stopping') listener(message.delayMs);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves with its addresses. Rejects with SERVICE_DIED (the child itself has said why) or START_TIMEOUT, and then it is ended. */
  async ready(limitMs: number): Promise<ReadyMessage['addresses']> {
    const { name, clock } = this.#options;
    let late: Timer | undefined = undefined;
    try {
      return await Promise.race([
        this.#readyMessage(),
        this.#endedEarly(),
        new Promise<never>((_resolve, reject) => {
          const error = new TriplaneError('START_TIMEOUT', `${name} was not ready within ${limitMs / 1000} s`);
          late = clock.after(limitMs, () => reject(error));
        }),
      ]);
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      (late as Timer | undefined)?.cancel();
    }
  }

  /** Asks it to close and waits; cut after `limitMs`. Idempotent. */
  async close(limitMs: number): Promise<void> {
    this.#process.kill('SIGTERM');
    const cut = this.#options.clock.after(limitMs, () => this.kill());
    await this.ended;
    cut.cancel();
  }

  /** Asks it to read its files again. */
  reload(): void {
    this.#process.kill('SIGHUP');
  }

  /** Ends it now. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #readyMessage(): Promise<ReadyMessage['addresses']> {
    return new Promise((resolve) => {
      this.#process.on('message', (message: ReadyMessage | StoppingMessage) => {
        if (message.type === 'ready') resolve(message.addresses);
      });
    });
  }

  async #endedEarly(): Promise<never> {
    const how = await this.ended;
    throw new TriplaneError('SERVICE_DIED', `${this.#options.name} did not start: ${how}`);
  }
}
