import type { Clock, Timer } from '../clock';
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import type { ConsulClient, ServiceRegistration } from './consul-client';

export interface ServiceEntryOptions {
  /** Closed with the entry. */
  readonly client: ConsulClient;
  readonly registration: ServiceRegistration;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 2000;

/** This process in Consul's catalog: registered at its agent, again when the agent has lost it, gone when closed. */
export class ServiceEntry {
  readonly #options: ServiceEntryOptions;
  readonly #timer: Timer;
  #looking: Promise<void> | undefined;
  #registered = false;

  constructor(options: ServiceEntryOptions) {
    this.#options = options;
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.#look());
    this.#look();
  }

  /** Takes itself out of the catalog; an agent that is away costs three seconds at most. */
  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#looking;
    const { client, registration } = this.#options;
    await client.deregister(registration.id).catch(() => undefined);
    client.close();
  }

  #look(): void {
    this.#looking ??= this.#assert().finally(() => (this.#looking = undefined));
  }

  async #assert(): Promise<void> {
    const { client, registration, logger } = this.#options;
    const { id, name: service } = registration;
    try {
      if (this.#registered && (await client.isRegistered(id))) return;
      await client.register(registration);
      logger.info({ service, id }, this.#registered ? 'registered in Consul again' : 'registered in Consul');
      this.#registered = true;
    } catch (error) {
      logger.debug({ service, id, reason: messageOf(error) }, 'not registered in Consul');
    }
  }
}
