import { Backoff } from '../../runtime/backoff';
import type { Clock, Timer } from '../../runtime/clock';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import { Child } from './child';
import { mainOf, type ServiceName } from './service-list';

export interface SupervisedOptions {
  readonly service: ServiceName;
  /** Asked at each start, since the control plane's ports are known only after it runs. */
  readonly args: () => readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ms that a start may take. */
  readonly startLimitMs: number;
  /** An operator stopped it by its page: it closes in `delayMs` and is not started again. */
  readonly onStopping?: (service: ServiceName, delayMs: number) => void;
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
    this.#backoff = new Backoff({ initialMs: 1000, maxMs: 10_000, random: options.random });
  }

  get service(): ServiceName {
    return this.#options.service;
  }

  /** 0 while it is not running. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The first start: a failure is the caller's. */
  async start(): Promise<void> {
    const { service, args, clock, startLimitMs, onStopping } = this.#options;
    const child = new Child({ name: service, main: mainOf(service), args: args(), clock });
    this.#child = child;
    child.onStopping((delayMs) => {
      this.#closing = true;
      onStopping?.(service, delayMs);
    });
    this.addresses = await child.ready(startLimitMs);
    this.#ready = true;
    void this.#watch(child);
  }

  async close(limitMs: number): Promise<void> {
    this.#closing = true;
    this.#restart?.cancel();
    await this.#child?.close(limitMs);
  }

  /** Asks it to read its files again; nothing while it is not ready. */
  reload(): void {
    if (this.#ready) this.#child?.reload();
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
    const { clock, logger, service } = this.#options;
    this.#child = undefined;
    this.#ready = false;
    if (this.#closing) return;
    const waitMs = Math.round(this.#backoff.next());
    logger.error({ service, how, waitMs }, 'service died, starting it again');
    this.#restart = clock.after(waitMs, () => void this.#startAgain());
  }

  async #startAgain(): Promise<void> {
    const { logger, service } = this.#options;
    try {
      await this.start();
      logger.info({ service, pid: this.pid }, 'service is back');
    } catch (error) {
      this.#died(messageOf(error));
    }
  }
}
