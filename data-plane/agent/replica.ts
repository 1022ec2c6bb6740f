import {
  type Node,
  Protocol,
  Rejection,
  Transport,
  type Delta,
  type Revision,
  type RoutingConfig,
  type Snapshot,
  type SubscribeResponse,
} from '../../proto';
import { messageOf } from '../../runtime/errors';
import { DEFAULT_POOL, type TableState } from '../nodes';

/** What became of one response. */
export type ApplyResult =
  /** A page of a snapshot: ack it, the table stays as it is. */
  | { readonly kind: 'page' }
  /** The new state; with rejections it is to be nacked, though the rest was taken. */
  | { readonly kind: 'state'; readonly state: TableState; readonly rejections: readonly Rejection[] }
  /** Nothing was taken, the stream cannot go on: subscribe again without resuming. */
  | { readonly kind: 'broken'; readonly reason: string };

export interface ReplicaOptions {
  readonly protocol: Protocol;
  /** Throws when this plane cannot run the config. */
  readonly checkConfig: (config: RoutingConfig) => void;
}

interface Pages {
  readonly nodes: Node[];
  readonly configs: RoutingConfig[];
}

export const EMPTY_STATE: TableState = {
  revision: undefined,
  nodes: new Map(),
  configs: new Map(),
  settings: undefined,
};

/**
 * The plane's copy of the cluster's state. Builds each new state beside the old one; bad resources are rejected one by one
 * and keep their old value. A lower index of the same lineage is refused, a new lineage is taken only as a snapshot.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  #state: TableState;
  #pages: Pages = { nodes: [], configs: [] };

  constructor(options: ReplicaOptions, state: TableState = EMPTY_STATE) {
    this.#options = options;
    this.#state = state;
  }

  get state(): TableState {
    return this.#state;
  }

  /** A new stream: half-received snapshots are of no use to it. */
  startStream(): void {
    this.#pages = { nodes: [], configs: [] };
  }

  apply(response: SubscribeResponse): ApplyResult {
    const { revision, content } = response;
    if (revision === undefined || content === undefined)
      return { kind: 'broken', reason: 'a response without revision or content' };
    const held = this.#state.revision;
    if (held !== undefined && held.lineage === revision.lineage && revision.index < held.index) {
      return { kind: 'broken', reason: `revision went back from ${held.index} to ${revision.index}` };
    }
    switch (content.$case) {
      case 'snapshot':
        return this.#applySnapshot(content.value, revision);
      case 'delta':
        return this.#applyDelta(content.value, revision);
    }
  }

  #applySnapshot(snapshot: Snapshot, revision: Revision): ApplyResult {
    this.#pages.nodes.push(...snapshot.nodes);
    this.#pages.configs.push(...snapshot.configs);
    if (snapshot.more) return { kind: 'page' };
    const { nodes, configs } = this.#pages;
    this.startStream();
    const rejections: Rejection[] = [];
    const next: TableState = {
      revision,
      nodes: this.#merge(new Map(), nodes, rejections),
      configs: this.#mergeConfigs(new Map(), configs, rejections),
      settings: snapshot.settings ?? this.#state.settings,
    };
    return this.#become(next, rejections);
  }

  #applyDelta(delta: Delta, revision: Revision): ApplyResult {
    const held = this.#state.revision;
    if (held === undefined || delta.base?.lineage !== held.lineage || delta.base.index !== held.index) {
      return { kind: 'broken', reason: 'a delta whose base is not the state held' };
    }
    const rejections: Rejection[] = [];
    const nodes = this.#merge(new Map(this.#state.nodes), delta.upserts, rejections);
    for (const id of delta.removals) nodes.delete(id);
    const configs = this.#mergeConfigs(new Map(this.#state.configs), delta.configs, rejections);
    return this.#become({ revision, nodes, configs, settings: delta.settings ?? this.#state.settings }, rejections);
  }

  #become(state: TableState, rejections: readonly Rejection[]): ApplyResult {
    this.#state = state;
    return { kind: 'state', state, rejections };
  }

  /** A rejected node keeps what is held of it. */
  #merge(nodes: Map<string, Node>, upserts: readonly Node[], rejections: Rejection[]): Map<string, Node> {
    const seen = new Set<string>();
    for (const node of upserts) {
      const fault = seen.has(node.nodeId) ? 'the id stands twice in one response' : faultOf(node);
      seen.add(node.nodeId);
      if (fault === undefined) {
        nodes.set(node.nodeId, node);
        continue;
      }
      rejections.push(Rejection.create({ resource: { $case: 'nodeId', value: node.nodeId }, reason: fault }));
      const held = this.#state.nodes.get(node.nodeId);
      if (held !== undefined && !nodes.has(node.nodeId)) nodes.set(node.nodeId, held);
    }
    return nodes;
  }

  /** Only the plane's own protocol; a rejected config keeps what is held of its pool. */
  #mergeConfigs(
    configs: Map<string, RoutingConfig>,
    upserts: readonly RoutingConfig[],
    rejections: Rejection[],
  ): Map<string, RoutingConfig> {
    for (const config of upserts) {
      if (config.protocol !== this.#options.protocol) continue;
      const pool = config.pool === '' ? DEFAULT_POOL : config.pool;
      try {
        this.#options.checkConfig(config);
        configs.set(pool, config);
      } catch (error) {
        rejections.push(Rejection.create({ resource: { $case: 'pool', value: pool }, reason: messageOf(error) }));
        const held = this.#state.configs.get(pool);
        if (held !== undefined) configs.set(pool, held);
      }
    }
    return configs;
  }
}

function faultOf(node: Node): string | undefined {
  if (node.nodeId === '') return 'a node without id';
  for (const { protocol, transport, host, port } of node.endpoints) {
    if (host === '' || port < 1 || port > 65_535) return `an endpoint without address: ${host}:${port}`;
    if (!isKnown(Protocol, protocol)) return `an endpoint of unknown protocol ${protocol}`;
    if (!isKnown(Transport, transport)) return `an endpoint of unknown transport ${transport}`;
  }
  return undefined;
}

function isKnown<T extends string>(values: Readonly<Record<string, T>>, value: T): boolean {
  return value !== values['UNSPECIFIED'] && value !== values['UNRECOGNIZED'] && Object.values(values).includes(value);
}
