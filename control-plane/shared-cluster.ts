import type { Clock, Timer } from '../runtime/clock';
import type { ConsulAccess } from '../runtime/consul';
import type { Counters } from '../runtime/counters';
import { Dialer, type DialSettings } from '../runtime/grpc';
import type { Logger } from '../runtime/logger';
import { Peers } from './consul';
import { PeerSessions, PeerViews, type PeerView } from './peers';
import type { Registry } from './registry';
import { NODE_STREAMS, PLANE_STREAMS, cutOff, type OpenStreams } from './server';
import type { SessionTable } from './sessions';
import type { Store } from './store';

export interface SharedClusterOptions {
  readonly store: Store;
  /** Undefined: this control plane is alone. */
  readonly consul: Pick<ConsulAccess, 'client'> | undefined;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** Random id of this process. */
  readonly id: string;
  /** True: its gRPC listener for nodes and planes speaks TLS. */
  readonly secure: boolean;
  /** How it reaches the other control planes. */
  readonly dial: DialSettings;
  /** Where others reach it, if not where it listens. */
  readonly advertise?: string | undefined;
}

/** Where a control plane listens. */
export interface ListenAddresses {
  /** For nodes and planes. */
  readonly host: string;
  readonly port: number;
  /** `host:port` for operators. */
  readonly admin: string;
}

const CHECK_MS = 500;
/** What the others are told of and look after here. */
export interface JoiningRooms {
  readonly registry: Registry;
  readonly streams: OpenStreams;
  readonly table: SessionTable;
}

/** Without Consul for so long, nodes are sent elsewhere; less than it takes until the others count this control plane as gone. */
const CUT_OFF_AFTER_MS = 10_000;

/** This control plane among others: who lives, whose nodes are orphans, and when to send its own nodes elsewhere. */
export class SharedCluster {
  readonly #options: SharedClusterOptions;
  #peers: Peers | undefined;
  #views: PeerViews | undefined;
  #sessions: PeerSessions | undefined;
  #dialer: Dialer | undefined;
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

  /** Consul has been out of reach for long. A link that swallows packets shows first at the short calls: the store's long one waits on. */
  isCutOff(): boolean {
    const { store, clock } = this.#options;
    if (!store.frozen) this.#frozenSinceMs = undefined;
    else this.#frozenSinceMs ??= clock.now();
    const frozenMs = this.#frozenSinceMs === undefined ? 0 : clock.now() - this.#frozenSinceMs;
    return Math.max(frozenMs, this.#peers?.silentMs ?? 0) > CUT_OFF_AFTER_MS;
  }

  /** Cut off while another control plane is not: what is known here grows old, and planes are better off there. */
  isBehind(): boolean {
    return this.isCutOff() && this.views.some(({ view }) => !view.cutOff);
  }

  /** Makes itself known as reachable there, and begins to look after orphans. Nothing to do when alone. */
  async join(at: ListenAddresses, { registry, streams, table }: JoiningRooms): Promise<void> {
    const { consul, clock, logger, counters, dial } = this.#options;
    if (consul === undefined) return;
    this.#peers = new Peers({ ...this.#options, client: consul.client(), ...at });
    await this.#peers.start();
    const dialer = new Dialer({ settings: dial, clock, logger });
    this.#dialer = dialer;
    const shared = { dialer, clock, logger, others: () => this.#peers?.others ?? [] };
    this.#views = new PeerViews(shared);
    this.#sessions = new PeerSessions({ ...shared, table, counters });
    this.#timer = clock.every(CHECK_MS, () => this.#check(registry, streams));
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#views?.close();
    this.#sessions?.close();
    this.#dialer?.close();
    await this.#peers?.close();
    await this.#options.store.close();
  }

  #check(registry: Registry, streams: OpenStreams): void {
    const away = this.isCutOff();
    if (away && !this.#sentAway) {
      this.#options.logger.warn('still cut off from Consul: nodes are sent to other control planes');
      streams.endAll(NODE_STREAMS, cutOff());
    }
    this.#sentAway = away;
    if (this.isBehind()) streams.endAll(PLANE_STREAMS, cutOff());
    registry.adoptOrphans();
  }
}
