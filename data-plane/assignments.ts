import { Assignment, fromMs, toMs, type SessionMove } from '../proto';
import type { Clock } from '../runtime/clock';
import { DEFAULT_POOL } from './nodes';
import { PoolAssignments } from './pool-assignments';

/**
 * Which keys belong to which node by agreement: those that nodes pinned, and those that `persistent-hash` gave away at any plane.
 * What this plane makes waits here until it is reported; what the control plane tells replaces what is held.
 */
export class Assignments {
  readonly #clock: Clock;
  readonly #pools = new Map<string, PoolAssignments>();
  /** By the node that handed its sessions over. */
  readonly #moves = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those of a pool, made when they are first asked for. */
  pool(name: string): PoolAssignments {
    const id = name === '' ? DEFAULT_POOL : name;
    let pool = this.#pools.get(id);
    if (pool === undefined) {
      pool = new PoolAssignments();
      this.#pools.set(id, pool);
    }
    return pool;
  }

  get size(): number {
    let sum = 0;
    for (const pool of this.#pools.values()) sum += pool.size;
    return sum;
  }

  /** The node that the sessions of this node went to, or undefined. */
  movedTo(nodeId: string): string | undefined {
    return this.#moves.size === 0 ? undefined : this.#moves.get(nodeId);
  }

  take({ pool, key, nodeId, ttl, pinned }: Assignment): void {
    if (nodeId === '') this.pool(pool).forget(key);
    else this.pool(pool).take(key, { nodeId, pinned, untilMs: this.#clock.now() + toMs(ttl) });
  }

  takeMove({ fromNodeId, toNodeId }: SessionMove): void {
    if (toNodeId === '') this.#moves.delete(fromNodeId);
    else this.#moves.set(fromNodeId, toNodeId);
  }

  /** At most so many that the control plane is to hear of; they count as reported. */
  takeReports(limit: number): Assignment[] {
    const nowMs = this.#clock.now();
    const reports: Assignment[] = [];
    for (const [pool, assignments] of this.#pools) {
      for (const { key, nodeId, untilMs } of assignments.takeReports(limit - reports.length, nowMs)) {
        reports.push(Assignment.create({ pool, key, nodeId, ttl: fromMs(Math.max(0, untilMs - nowMs)) }));
      }
    }
    return reports;
  }

  /** A control plane that knows none of them is to hear of all that were used here; what another one moved counts no more. */
  startOver(): void {
    this.#moves.clear();
    for (const pool of this.#pools.values()) pool.reportAll();
  }

  /** Forgets what is over. */
  expire(): void {
    for (const pool of this.#pools.values()) pool.expire(this.#clock.now());
  }
}
