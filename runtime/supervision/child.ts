import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../clock';
import { TriplaneError } from '../errors';
import type { CloseOrder, ReadyMessage, StoppingMessage } from '../lifecycle';

export interface ChildOptions {
  /** Names it in errors. */
  readonly name: string;
  /** Starts the process, with a channel for messages. */
  readonly launch: () => ChildProcess;
  readonly clock: Clock;
  /** What it says, but for the first word that it is ready. */
  readonly onMessage?: ((message: unknown) => void) | undefined;
}

const CLOSE: CloseOrder = { type: 'close' };
const MAX_UNREAD = 1000;

/** One service as a child process. Its standard error is ours, so its log and its one line of failure reach the operator as they are. */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  /** Messages on their way. */
  #unread = 0;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#process = options.launch();
    // What is written to a process that is going is lost; that it went is told by its end.
    this.#process.on('error', () => {});
    this.#process.on('message', (message) => options.onMessage?.(message));
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
    if (this.#process.connected) this.#process.send(CLOSE, () => {});
    const cut = this.#options.clock.after(limitMs, () => this.kill());
    await this.ended;
    cut.cancel();
  }

  /** Tells it something; nothing when it is going, or has not read what it was told before. */
  send(message: object): void {
    if (!this.#process.connected || this.#unread >= MAX_UNREAD) return;
    this.#unread += 1;
    this.#process.send(message, () => {
      this.#unread -= 1;
    });
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
