import {
  NodeState,
  toMs,
  type ClusterSettings,
  type Node,
  type Protocol,
  type Revision,
  type RoutingConfig,
} from '../../proto';
import { LiveRegistry } from './live-registry';
import { DEFAULT_POOL, toPlaneNode, type PlaneNode } from './plane-node';
import { Pool } from './pool';

/** Everything that a table is made of. */
export interface TableState {
  readonly revision: Revision | undefined;
  readonly nodes: ReadonlyMap<string, Node>;
  /** By pool name. */
  readonly configs: ReadonlyMap<string, RoutingConfig>;
  readonly settings: ClusterSettings | undefined;
}

/**
 * Which nodes there are and which may be used: swapped whole on each push; between pushes only ejections change it, by `regroup`.
 * Whether a node is usable is asked here and nowhere else.
 */
export class NodeTable {
  readonly revision: Revision | undefined;
  readonly settings: ClusterSettings | undefined;
  /** Sorted by id; only nodes that speak the plane's protocol. */
  readonly nodes: readonly PlaneNode[];
  readonly #byId: ReadonlyMap<string, PlaneNode>;
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #leaseTtlMs: number;
  readonly #guardActive: boolean;

  constructor(state: TableState, protocol: Protocol, lives: LiveRegistry) {
    this.revision = state.revision;
    this.settings = state.settings;
    this.#leaseTtlMs = toMs(state.settings?.leaseTtl);
    this.#guardActive = state.settings?.guardActive ?? false;
    this.nodes = [...state.nodes.values()]
      .map((node) => toPlaneNode(node, protocol, lives.of(node.nodeId)))
      .filter((node) => node.endpoints.length > 0)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.#byId = new Map(this.nodes.map((node) => [node.id, node]));
    this.#pools = this.#groupPools(state.configs);
    this.regroup(Number.NEGATIVE_INFINITY);
  }

  static empty(protocol: Protocol): NodeTable {
    const state = { revision: undefined, nodes: new Map(), configs: new Map(), settings: undefined };
    return new NodeTable(state, protocol, new LiveRegistry());
  }

  get(id: string): PlaneNode | undefined {
    return this.#byId.get(id);
  }

  /** The pool of that name; an unknown one has no nodes. */
  pool(name: string): Pool {
    return this.#pools.get(name) ?? new Pool(name, [], undefined);
  }

  get pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  /** Asks anew which nodes take new work, after an ejection or a readmission; with -Infinity all ejections count. */
  regroup(nowMs: number): void {
    for (const pool of this.#pools.values()) pool.regroup((node, atMs) => this.takesNewWork(node, atMs), nowMs);
  }

  /** May the node get a new call, session, bind or key? ACTIVE, of some weight, not ejected. How large its share is: SelectionContext.weightOf. */
  takesNewWork(node: PlaneNode, nowMs: number): boolean {
    if (node.weight === 0 || nowMs < node.live.ejectedUntilMs) return false;
    return node.state === NodeState.ACTIVE || (this.#guardActive && node.state === NodeState.SUSPECT);
  }

  /**
   * May the node get more of what it already has? DRAINING: yes. SUSPECT: while the plane itself heard from it within one lease TTL.
   * Ejected: only when the plane found that it is not there at all.
   */
  keepsOldWork(node: PlaneNode, nowMs: number): boolean {
    if (nowMs < node.live.deadUntilMs) return false;
    switch (node.state) {
      case NodeState.ACTIVE:
      case NodeState.DRAINING:
        return true;
      case NodeState.SUSPECT:
        return this.#guardActive || nowMs - node.live.heardAtMs <= this.#leaseTtlMs;
      default:
        return false;
    }
  }

  #groupPools(configs: ReadonlyMap<string, RoutingConfig>): ReadonlyMap<string, Pool> {
    const names = new Set([DEFAULT_POOL, ...configs.keys(), ...this.nodes.map((node) => node.pool)]);
    const pools = [...names].map((name) => {
      const nodes = this.nodes.filter((node) => node.pool === name);
      return new Pool(name, nodes, configs.get(name) ?? configs.get(DEFAULT_POOL));
    });
    return new Map(pools.map((pool) => [pool.name, pool]));
  }
}
