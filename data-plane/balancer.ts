import type { RoutingConfig } from '../proto';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import { rendezvous, type Algorithm, type AlgorithmCatalog, type SelectionContext } from './algorithms';
import type { NodeTable, PlaneNode, Pool } from './nodes';

interface PoolAlgorithm {
  readonly config: RoutingConfig;
  readonly algorithm: Algorithm;
}

export interface BalancerOptions {
  readonly catalog: AlgorithmCatalog;
  readonly clock: Clock;
  readonly random: Random;
}

/** Holds the algorithm in force for each pool and asks it. What it remembers survives every table swap that keeps its config. */
export class Balancer implements SelectionContext {
  readonly #options: BalancerOptions;
  readonly #algorithms = new Map<string, PoolAlgorithm>();
  #table: NodeTable;
  nowMs: number;

  constructor(table: NodeTable, options: BalancerOptions) {
    this.#options = options;
    this.nowMs = options.clock.now();
    this.#table = table;
    this.use(table);
  }

  /** The node for an affinity key in a pool, or undefined when no node is usable. */
  choose(pool: string, key: string): PlaneNode | undefined {
    return this.chooseAmong(pool, key, this.#table.pool(pool).fresh);
  }

  /** As `choose`, among these nodes (sorted by id) instead of the pool's: for planes that know further members or exclude some. */
  chooseAmong(pool: string, key: string, nodes: readonly PlaneNode[]): PlaneNode | undefined {
    this.nowMs = this.#options.clock.now();
    return this.#algorithms.get(pool)?.algorithm.select(key, nodes, this);
  }

  /** The node that takes over old work of a node that is gone: the same at every plane, by rendezvous on the key. */
  standIn(pool: string, key: string): PlaneNode | undefined {
    return rendezvous(key, this.#table.pool(pool).fresh);
  }

  /** Tells the algorithm that the traffic itself named the node of a key. */
  assigned(node: PlaneNode, key: string): void {
    this.nowMs = this.#options.clock.now();
    this.#algorithms.get(node.pool)?.algorithm.assigned?.(key, node, this);
  }

  /** The node of that id if it may still get more of its old work. */
  keeper(id: string): PlaneNode | undefined {
    const node = this.#table.get(id);
    return node !== undefined && this.#table.keepsOldWork(node, this.nowMs) ? node : undefined;
  }

  /** Keys remembered by all algorithms. */
  get remembered(): number {
    let sum = 0;
    for (const { algorithm } of this.#algorithms.values()) sum += algorithm.remembered ?? 0;
    return sum;
  }

  /** Goes over to a new table. Every config in it was checked before by the catalog. */
  use(table: NodeTable): void {
    const previous = this.#table;
    this.#table = table;
    for (const pool of table.pools) this.#usePool(pool, previous);
    for (const name of this.#algorithms.keys()) {
      if (![...table.pools].some((pool) => pool.name === name)) this.#algorithms.delete(name);
    }
  }

  #usePool(pool: Pool, previous: NodeTable): void {
    if (pool.config === undefined) return;
    const running = this.#algorithms.get(pool.name);
    if (running === undefined || !sameConfig(running.config, pool.config)) {
      const { catalog, random } = this.#options;
      this.#algorithms.set(pool.name, { config: pool.config, algorithm: catalog.create(pool.config, { random }) });
      return;
    }
    const before = previous.pool(pool.name).nodes;
    for (const node of pool.nodes) if (!before.some(({ id }) => id === node.id)) running.algorithm.nodeAdded?.(node);
    for (const node of before) if (!pool.nodes.some(({ id }) => id === node.id)) running.algorithm.nodeRemoved?.(node);
  }
}

function sameConfig(a: RoutingConfig, b: RoutingConfig): boolean {
  return (
    a.algorithm === b.algorithm &&
    a.parameters.size === b.parameters.size &&
    [...a.parameters].every(([name, value]) => b.parameters.get(name) === value)
  );
}
