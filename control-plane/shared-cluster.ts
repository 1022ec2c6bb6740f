import type { Clock, Timer } from '../runtime/clock';
import { Dialer, type DialSettings } from '../runtime/grpc';
import type { Logger } from '../runtime/logger';
import { Peers, type ConsulClient } from './consul';
import { PeerViews, type PeerView } from './peers';
import type { Registry } from './registry';
import { NODE_STREAMS, cutOff, type OpenStreams } from './server';
import type { Store } from './store';

export interface SharedClusterOptions {
  readonly store: Store;
  /** Undefined: this control plane is alone. */
  readonly consul: ConsulClient | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Random id of this process. */
  readonly id: string;
  /** True: its gRPC listener for nodes and planes speaks TLS. */
  readonly secure: boolean;
  /** How it reaches the other control planes. */
  readonly dial: DialSettings;
}

const CHECK_MS = 1000;
/** Frozen for so long, nodes are sent elsewhere; less than it takes until the others count this control plane as gone. */
const CUT_OFF_AFTER_MS = 10_000;

/** This control plane among others: who lives, whose nodes are orphans, and when to send its own nodes elsewhere. */
export class SharedCluster {
  readonly #options: SharedClusterOptions;
  #peers: Peers | undefined;
  #views: PeerViews | undefined;
  #timer: Timer | undefined;
  #frozenSinceMs: number | undefined;
  #sentAway = false;

  constructor(options: SharedClusterOptions) {
    this.#options = options;
  }

  /** Whether the control plane of that id lives; when in doubt it does. */
  isAlive(id: string): boolean {
    return this.#peers?.isAlive(id) ?? true;
  }

  /** What the other control planes know of their planes. */
  get views(): readonly PeerView[] {
    return this.#views?.views ?? [];
  }

  /** Ids of control planes that live and do not tell what they know. */
  get missing(): readonly string[] {
    return this.#views?.missing ?? [];
  }

  isCutOff(): boolean {
    const { store, clock } = this.#options;
    if (!store.frozen) this.#frozenSinceMs = undefined;
    else this.#frozenSinceMs ??= clock.now();
    return this.#frozenSinceMs !== undefined && clock.now() - this.#frozenSinceMs > CUT_OFF_AFTER_MS;
  }

  /** Makes itself known as reachable there, and begins to look after orphans. Nothing to do when alone. */
  async join(host: string, port: number, registry: Registry, streams: OpenStreams): Promise<void> {
    const { consul, clock, logger, id, secure, dial } = this.#options;
    if (consul === undefined) return;
    this.#peers = new Peers({ client: consul, clock, logger, id, host, port, secure });
    await this.#peers.start();
    const dialer = new Dialer({ settings: dial, clock, logger });
    this.#views = new PeerViews({ dialer, clock, logger, others: () => this.#peers?.others ?? [] });
    this.#timer = clock.every(CHECK_MS, () => this.#check(registry, streams));
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#views?.close();
    await this.#peers?.close();
    this.#options.consul?.close();
    await this.#options.store.close();
  }

  #check(registry: Registry, streams: OpenStreams): void {
    const away = this.isCutOff();
    if (away && !this.#sentAway) {
      this.#options.logger.warn('still cut off from Consul: nodes are sent to other control planes');
      streams.endAll(NODE_STREAMS, cutOff());
    }
    this.#sentAway = away;
    registry.adoptOrphans();
  }
}
