import type { ChildProcess } from 'node:child_process';
import { Backoff } from '../backoff';
import type { Clock, Timer } from '../clock';
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import type { Random } from '../random';
import { Child } from './child';

export interface SupervisedOptions {
  /** For errors and log lines: `sip-plane`, `worker 2`. */
  readonly name: string;
  /** Starts its process; asked at each start. */
  readonly launch: () => ChildProcess;
  readonly onMessage?: ((message: unknown) => void) | undefined;
  /** It died, by itself or by another's hand, and will be started again. */
  readonly onDeath?: (() => void) | undefined;
  /** An operator stopped it by its page: it closes in `delayMs` and is not started again. */
  readonly onStopping?: ((delayMs: number) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ms that a start may take. */
  readonly startLimitMs: number;
  /** Ceiling of the wait before the first new start, ms; it doubles up to 10 s. Default 1000. */
  readonly restartMs?: number;
}

const STABLE_MS = 60_000;

/** A service that is started again with back-off when it dies after its first good start. */
export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #backoff: Backoff;
  #child: Child | undefined;
  #restart: Timer | undefined;
  #closing = false;
  /** Before that a SIGHUP would end the process. */
  #ready = false;
  addresses: Readonly<Record<string, string>> = {};

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: options.restartMs ?? 1000, maxMs: 10_000, random: options.random });
  }

  get name(): string {
    return this.#options.name;
  }

  /** 0 while it is not running. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Has it started, and not died since? */
  get ready(): boolean {
    return this.#ready;
  }

  /** The first start: a failure is the caller's. */
  async start(): Promise<void> {
    const { name, launch, onMessage, onStopping, clock, startLimitMs } = this.#options;
    const child = new Child({ name, launch, onMessage, clock });
    this.#child = child;
    child.onStopping((delayMs) => {
      this.#closing = true;
      onStopping?.(delayMs);
    });
    this.addresses = await child.ready(startLimitMs);
    this.#ready = true;
    void this.#watch(child);
  }

  /** Asks it to close, cuts it after `limitMs`. One that is only starting holds nothing yet and is ended at once. */
  async close(limitMs: number): Promise<void> {
    this.#closing = true;
    this.#restart?.cancel();
    if (!this.#ready) this.#child?.kill();
    await this.#child?.close(limitMs);
  }

  /** Asks it to read its files again; nothing while it is not ready. */
  reload(): void {
    if (this.#ready) this.#child?.reload();
  }

  /** Tells it something; nothing while it is not ready. */
  send(message: object): void {
    if (this.#ready) this.#child?.send(message);
  }

  kill(): void {
    this.#closing = true;
    this.#child?.kill();
  }

  async #watch(child: Child): Promise<void> {
    const { clock } = this.#options;
    const startedAtMs = clock.now();
    const how = await child.ended;
    if (clock.now() - startedAtMs > STABLE_MS) this.#backoff.reset();
    this.#died(how);
  }

  #died(how: string): void {
    const { clock, logger, name, onDeath } = this.#options;
    this.#child = undefined;
    this.#ready = false;
    if (this.#closing) return;
    const waitMs = Math.round(this.#backoff.next());
    logger.error({ service: name, how, waitMs }, 'service died, starting it again');
    onDeath?.();
    this.#restart = clock.after(waitMs, () => void this.#startAgain());
  }

  async #startAgain(): Promise<void> {
    const { logger, name } = this.#options;
    try {
      await this.start();
      logger.info({ service: name, child: this.pid }, 'service is back');
    } catch (error) {
      this.#died(messageOf(error));
    }
  }
}
