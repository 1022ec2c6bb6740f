import type { RoutingConfig } from '../proto';
import type { Clock } from '../runtime/clock';
import { messageOf } from '../runtime/errors';
import type { Logger } from '../runtime/logger';
import type { Random } from '../runtime/random';
import { RoundRobin, rendezvous, type Algorithm, type AlgorithmCatalog, type SelectionContext } from './algorithms';
import { Assignments } from './assignments';
import {
  DepartedNodes,
  lostIndexOf,
  Ejections,
  POOL_PARAMETERS,
  rampedWeight,
  startRamps,
  type EjectionScope,
  type NodeTable,
  type PlaneNode,
  type Pool,
} from './nodes';

interface PoolAlgorithm {
  readonly config: RoutingConfig;
  readonly algorithm: Algorithm;
}

export interface BalancerOptions {
  readonly catalog: AlgorithmCatalog;
  readonly clock: Clock;
  readonly random: Random;
  /** What planes agreed on through the control plane; absent: none. */
  readonly assignments?: Assignments;
  readonly logger?: Logger;
}

/** Holds the algorithm in force for each pool and asks it. What it remembers survives every table swap that keeps its config. */
export class Balancer implements SelectionContext {
  readonly #options: BalancerOptions;
  readonly #algorithms = new Map<string, PoolAlgorithm>();
  readonly #assignments: Assignments;
  readonly #ejections = new Ejections();
  readonly #departed = new DepartedNodes();
  #table: NodeTable;
  /** What the choice of this moment is about; SelectionContext answers from it. */
  #pool: Pool;
  #candidates: readonly PlaneNode[] = [];
  nowMs: number;

  constructor(table: NodeTable, options: BalancerOptions) {
    this.#options = options;
    this.#assignments = options.assignments ?? new Assignments(options.clock);
    this.nowMs = options.clock.now();
    this.#table = table;
    this.#pool = table.pool('');
    this.use(table);
  }

  /** The node for an affinity key in a pool, or undefined when no node is usable; `nowMs` is the clock's, for who has asked it already. A key that a node pinned goes there, whatever the algorithm. */
  choose(pool: string, key: string, nowMs = this.#options.clock.now()): PlaneNode | undefined {
    const pinned = this.pinned(pool, key);
    if (pinned !== undefined) return pinned;
    this.#begin(pool, nowMs);
    this.#candidates = this.#pool.fresh;
    return this.#algorithms.get(pool)?.algorithm.select(key, this.#pool.newest, this);
  }

  /** The node that a node of the cluster pinned the key to, while it lives. */
  pinned(pool: string, key: string): PlaneNode | undefined {
    const assignments = this.#assignments.pool(pool);
    if (!assignments.hasPinned) return undefined;
    const nodeId = assignments.pinned(key, this.#options.clock.now());
    return nodeId === undefined ? undefined : this.keeper(nodeId);
  }

  /** As `choose`, among these nodes (sorted by id) instead of the pool's: for planes that know further members or exclude some. */
  chooseAmong(pool: string, key: string, nodes: readonly PlaneNode[]): PlaneNode | undefined {
    this.#begin(pool);
    this.#candidates = nodes;
    return this.#algorithms.get(pool)?.algorithm.select(key, this.#pool.narrow(nodes), this);
  }

  /**
   * The node that takes over old work of a node that is gone: the same at every plane. With the id of that node its version and
   * group come first, and the pool is its own; the full weights count, for planes see slow starts at different times.
   */
  standIn(pool: string, key: string, goneId?: string): PlaneNode | undefined {
    const gone = goneId === undefined ? undefined : this.lastKnown(goneId);
    this.#begin(gone?.pool ?? pool);
    this.#candidates = this.#pool.fresh;
    const moved = goneId === undefined ? undefined : this.#movedFrom(goneId);
    if (moved !== undefined) return moved;
    if (gone === undefined) return rendezvous(key, this.#pool.newest);
    const algorithm = this.#algorithms.get(gone.pool)?.algorithm;
    return algorithm?.standIn === undefined ? rendezvous(key, this.heirs(gone.id)) : algorithm.standIn(key, gone, this);
  }

  /** Tells the algorithm that the traffic itself named the node of a key. */
  assigned(node: PlaneNode, key: string): void {
    this.#begin(node.pool);
    this.#candidates = this.#pool.fresh;
    this.#algorithms.get(node.pool)?.algorithm.assigned?.(key, node, this);
  }

  /**
   * Keeps a node out until `untilMs` (the plane's clock) because its traffic fails: from new work, with scope `all` from old work too.
   * Then it comes back by itself, with a slow start. False: unknown, or the last usable one of its pool; nothing changes then.
   */
  eject(id: string, untilMs: number, scope: EjectionScope = 'new'): boolean {
    if (!this.#ejections.eject(this.#table, id, { untilMs, scope })) return false;
    this.nowMs = this.#options.clock.now();
    this.#table.regroup(this.nowMs);
    return true;
  }

  /** Ends an ejection before its time. */
  readmit(id: string): void {
    this.nowMs = this.#options.clock.now();
    if (this.#ejections.readmit(this.#table, id, this.nowMs)) this.#table.regroup(this.nowMs);
  }

  /** Nodes that are ejected now. */
  get ejected(): number {
    return this.#ejections.size;
  }

  /** The node of that id if it may still get more of its old work; the one that its sessions were handed to, if they were. */
  keeper(id: string): PlaneNode | undefined {
    return this.#movedFrom(id) ?? this.#keeps(id);
  }

  #movedFrom(id: string): PlaneNode | undefined {
    const target = this.#assignments.movedTo(id);
    return target === undefined ? undefined : this.#keeps(target);
  }

  #keeps(id: string): PlaneNode | undefined {
    const node = this.#table.get(id);
    return node !== undefined && this.#table.keepsOldWork(node, this.#options.clock.now()) ? node : undefined;
  }

  lastKnown(id: string): PlaneNode | undefined {
    return this.#table.get(id) ?? this.#departed.get(id);
  }

  heirs(id: string): readonly PlaneNode[] {
    const present = this.#presentAtLossOf(id);
    const version = this.lastKnown(id)?.version;
    if (version === undefined || !this.#pool.rules.versionPools) return this.#pool.narrow(present);
    const own = present.filter((node) => node.version === version && node.id !== id);
    return own.length > 0 ? own : this.#pool.narrow(present);
  }

  /** The candidates without those that joined after the node was lost, which would take its work from the stand-ins that have it. */
  #presentAtLossOf(id: string): readonly PlaneNode[] {
    const node = this.#table.get(id);
    const lostIndex = node === undefined ? this.#departed.lostIndexOf(id) : lostIndexOf(node);
    if (lostIndex === undefined || lostIndex === Number.POSITIVE_INFINITY) return this.#candidates;
    const present = this.#candidates.filter(({ registeredIndex }) => registeredIndex < lostIndex);
    return present.length > 0 ? present : this.#candidates;
  }

  weightOf(node: PlaneNode): number {
    const { slowStartMs } = this.#pool.rules;
    return slowStartMs === 0 ? node.weight : rampedWeight(node, slowStartMs, this.nowMs);
  }

  /** Keys remembered by all algorithms. */
  get remembered(): number {
    let sum = 0;
    for (const { algorithm } of this.#algorithms.values()) sum += algorithm.remembered ?? 0;
    return sum;
  }

  /** Goes over to a new table. */
  use(table: NodeTable): void {
    const previous = this.#table;
    this.nowMs = this.#options.clock.now();
    this.#table = table;
    this.#pool = table.pool('');
    this.#ejections.follow(table, previous, this.nowMs);
    this.#departed.follow(table, previous);
    startRamps(table, previous, this.nowMs);
    table.regroup(this.nowMs);
    const names = new Set<string>();
    for (const pool of table.pools) {
      names.add(pool.name);
      this.#usePool(pool, previous);
    }
    for (const name of this.#algorithms.keys()) if (!names.has(name)) this.#algorithms.delete(name);
  }

  #begin(pool: string, nowMs = this.#options.clock.now()): void {
    this.nowMs = nowMs;
    if (this.nowMs >= this.#ejections.nextMs) {
      this.#ejections.readmitDue(this.#table, this.nowMs);
      this.#table.regroup(this.nowMs);
    }
    if (this.#pool.name !== pool) this.#pool = this.#table.pool(pool);
  }

  /** A last-good state may name what this process cannot run, such as an algorithm whose file is gone: it serves all the same. */
  #create(config: RoutingConfig, pool: string): Algorithm {
    const { catalog, random, logger } = this.#options;
    try {
      return catalog.create(config, { random, assignments: this.#assignments.pool(pool) });
    } catch (error) {
      logger?.error(
        { algorithm: config.algorithm, pool, reason: messageOf(error) },
        'cannot run the algorithm in force, going round robin',
      );
      return new RoundRobin();
    }
  }

  #usePool(pool: Pool, previous: NodeTable): void {
    if (pool.config === undefined) return;
    const running = this.#algorithms.get(pool.name);
    if (running === undefined || !isSameAlgorithm(running.config, pool.config)) {
      this.#algorithms.set(pool.name, { config: pool.config, algorithm: this.#create(pool.config, pool.name) });
      return;
    }
    const { algorithm } = running;
    const isIn = (table: NodeTable, { id }: PlaneNode): boolean => table.get(id)?.pool === pool.name;
    for (const node of pool.nodes) if (!isIn(previous, node)) algorithm.nodeAdded?.(node);
    for (const node of previous.pool(pool.name).nodes) if (!isIn(this.#table, node)) algorithm.nodeRemoved?.(node);
  }
}

/** What holds for the pool whatever its algorithm may change without the algorithm losing its memory. */
function isSameAlgorithm(a: RoutingConfig, b: RoutingConfig): boolean {
  const [left, right] = [ownParameters(a), ownParameters(b)];
  return (
    a.algorithm === b.algorithm &&
    left.length === right.length &&
    left.every(([name, value]) => b.parameters.get(name) === value)
  );
}

function ownParameters({ parameters }: RoutingConfig): [string, string][] {
  return [...parameters].filter(([name]) => !(POOL_PARAMETERS as readonly string[]).includes(name));
}
