import type { Node } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import type { ImportConfig } from '../../runtime/config';
import { ServiceWatch, type ConsulClient, type ServiceInstance } from '../../runtime/consul';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import { IMPORTED, type Registry } from '../registry';
import { IMPORT_LABEL, importLabel, nodeFromInstance } from './node-from-instance';

export interface ServiceImportOptions {
  readonly config: ImportConfig;
  /** Closed with this one. */
  readonly client: ConsulClient;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Again and again: an operator may have removed a node, or the control plane that spoke for it died. */
const PLACE_EVERY_MS = 2000;

/**
 * Keeps the instances of one Consul service in the registry: a node while its checks pass, let go when they do not or when it left the
 * catalog. Several control planes may import the same; one speaks for each node. What Consul does not say changes nothing.
 */
export class ServiceImport {
  readonly #options: ServiceImportOptions;
  readonly #watch: ServiceWatch;
  readonly #timer: Timer;
  readonly #label: string;
  /** Those that are well, by id; undefined: Consul has not answered yet. */
  #nodes: Map<string, Node> | undefined;
  /** So that an instance that cannot be a node is one line in the log. */
  #refused = new Set<string>();

  constructor(options: ServiceImportOptions) {
    const { config, clock } = options;
    this.#options = options;
    this.#label = importLabel(config);
    this.#watch = new ServiceWatch({
      ...options,
      service: config.service,
      onInstances: (instances) => this.#take(instances),
    });
    this.#timer = clock.every(PLACE_EVERY_MS, () => this.#place());
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#watch.close();
  }

  #take(instances: readonly ServiceInstance[]): void {
    const { config } = this.#options;
    const wanted = instances.filter(
      ({ well, tags }) => well && (config.tag === undefined || tags.includes(config.tag)),
    );
    const found = wanted.map((instance) => ({ instance, node: nodeFromInstance(instance, config) }));
    this.#nodes = new Map(found.flatMap(({ node }) => (typeof node === 'string' ? [] : [[node.nodeId, node]])));
    const refused = found.flatMap(({ instance, node }) =>
      typeof node === 'string' ? [{ instance, reason: node }] : [],
    );
    for (const { instance, reason } of refused) this.#refuse(instance, reason);
    this.#refused = new Set(refused.map(({ instance }) => instance.id));
    this.#place();
  }

  #place(): void {
    const { registry } = this.#options;
    const nodes = this.#nodes;
    if (nodes === undefined) return;
    for (const node of nodes.values()) this.#try(registry.place(node, true, IMPORTED));
    for (const { node, record } of registry.list()) {
      const ours = record.source === IMPORTED && node.labels.get(IMPORT_LABEL) === this.#label;
      if (ours && !nodes.has(node.nodeId)) this.#try(registry.fade(node.nodeId));
    }
  }

  /** Cut off from the store, or invalid in a way that only the registry knows: the next round tries again. */
  #try(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const { logger, config } = this.#options;
      logger.debug({ service: config.service, reason: messageOf(error) }, 'cannot place an imported node');
    });
  }

  #refuse({ id, agent }: ServiceInstance, reason: string): void {
    if (this.#refused.has(id)) return;
    const { logger, config } = this.#options;
    logger.warn({ service: config.service, id, agent, reason }, 'an instance of an imported service cannot be a node');
  }
}
