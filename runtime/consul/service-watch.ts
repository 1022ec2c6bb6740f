import type { Clock } from '../clock';
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import type { Random } from '../random';
import type { ConsulClient, ServiceInstance } from './consul-client';
import { WatchLoop } from './watch-loop';

export interface ServiceWatchOptions {
  /** Of this watch alone; closed with it. */
  readonly client: ConsulClient;
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** All instances, well or not, sorted by agent and id, whenever they are others than before; never none. */
  readonly onInstances: (instances: readonly ServiceInstance[]) => void;
}

type Told = 'well' | 'away' | 'empty';

const WAIT_MS = 10_000;
const PACE_MS = 250;
/** An empty answer is asked about anew, without waiting for a change: rights that come back change no index. */
const EMPTY_PACE_MS = 2000;

/**
 * Follows the instances of one service. An empty answer says nothing: a token without rights, an expired one and a wiped catalog all read
 * as an empty list. What was known last stays known while Consul is away.
 */
export class ServiceWatch {
  readonly #options: ServiceWatchOptions;
  readonly #loop: WatchLoop;
  #known = '';
  /** So that a long outage is one line in the log. */
  #told: Told = 'well';

  constructor(options: ServiceWatchOptions) {
    this.#options = options;
    this.#loop = new WatchLoop({
      ...options,
      ask: (index) => this.#ask(index),
      answered: () => (this.#told === 'empty' ? EMPTY_PACE_MS : PACE_MS),
      failed: (error) => this.#tell('away', messageOf(error)),
    });
    this.#loop.start();
  }

  async close(): Promise<void> {
    const closed = this.#loop.close();
    this.#options.client.close();
    await closed;
  }

  async #ask(since: number): Promise<number> {
    const { client, service } = this.#options;
    const { index, instances } = await client.instances(service, since, WAIT_MS);
    if (instances.length === 0) {
      this.#tell('empty', 'nobody there, or no right to see them');
      return 0;
    }
    this.#take(instances);
    return index;
  }

  #take(instances: readonly ServiceInstance[]): void {
    this.#tell('well', '');
    const sorted = [...instances].sort((a, b) => (`${a.agent} ${a.id}` < `${b.agent} ${b.id}` ? -1 : 1));
    const text = JSON.stringify(sorted);
    if (text === this.#known) return;
    this.#known = text;
    this.#options.onInstances(sorted);
  }

  #tell(now: Told, reason: string): void {
    if (now === this.#told) return;
    this.#told = now;
    const { logger, service } = this.#options;
    if (now === 'well') logger.info({ service }, 'Consul shows the service again');
    else logger.warn({ service, reason }, 'Consul does not show the service; what was known last stays');
  }
}
