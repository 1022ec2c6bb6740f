import { Assignment, SessionMove, fromMs } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { DEFAULT_POOL, NODES, recordOf, type Commit, type Store } from '../store';

export interface SessionTableOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Most keys remembered; the one assigned longest ago leaves first. */
  readonly maxKeys: number;
}

/** Told which assignments (by `pool/key` id) and which moves (by node id) changed. */
export type SessionListener = (change: { readonly assignment?: string; readonly moveFrom?: string }) => void;

interface Pin {
  readonly pool: string;
  readonly key: string;
  readonly nodeId: string;
  readonly untilMs: number;
  /** A node asked for it; else a plane's algorithm made it. */
  readonly pinned: boolean;
}

interface Move {
  readonly toNodeId: string;
  /** Incarnation of the node that handed over; a newer one ends the move. */
  readonly fromIncarnation: string;
}

const MAX_MOVES = 1000;
const SWEEP_MS = 10_000;

/** Which affinity keys are pinned to which node, and whose sessions went to another. In memory only: bounded, expiring, of use while it lasts. */
export class SessionTable {
  readonly #options: SessionTableOptions;
  /** Oldest assignment first. */
  readonly #pins = new Map<string, Pin>();
  readonly #moves = new Map<string, Move>();
  readonly #listeners = new Set<SessionListener>();
  readonly #stop: () => void;

  constructor(options: SessionTableOptions) {
    this.#options = options;
    const unwatch = options.store.watch((commits) => this.#follow(commits));
    const sweeps = options.clock.every(SWEEP_MS, () => this.#expire());
    this.#stop = () => {
      unwatch();
      sweeps.cancel();
    };
  }

  get size(): number {
    return this.#pins.size;
  }

  close(): void {
    this.#stop();
  }

  watch(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ids of all assignments and moves. */
  ids(): { assignments: string[]; moves: string[] } {
    return { assignments: [...this.#pins.keys()], moves: [...this.#moves.keys()] };
  }

  /** A node asked for it. */
  pin(pool: string, key: string, nodeId: string, ttlMs: number): void {
    this.#assign({ pool: pool || DEFAULT_POOL, key, nodeId, untilMs: this.#options.clock.now() + ttlMs, pinned: true });
  }

  /** A plane's algorithm made it. A key that has a node which `isLive` keeps it; the planes are told so. */
  suggest(wanted: Omit<Pin, 'pinned' | 'untilMs'> & { ttlMs: number }, isLive: (nodeId: string) => boolean): void {
    const { key, nodeId, ttlMs } = wanted;
    const pool = wanted.pool || DEFAULT_POOL;
    const now = this.#options.clock.now();
    const held = this.#pins.get(`${pool}/${key}`);
    const holds = held !== undefined && held.untilMs > now && (held.pinned || held.nodeId !== nodeId);
    if (holds && isLive(held.nodeId)) this.#tell({ assignment: `${pool}/${key}` });
    else this.#assign({ pool, key, nodeId, untilMs: now + ttlMs, pinned: false });
  }

  #assign(pin: Pin): void {
    const id = `${pin.pool}/${pin.key}`;
    this.#pins.delete(id);
    this.#pins.set(id, pin);
    this.#tell({ assignment: id });
    for (const oldest of this.#pins.keys()) {
      if (this.#pins.size <= this.#options.maxKeys) break;
      this.#unpin(oldest);
    }
  }

  /** All sessions of a node go to another, until the first one registers anew. */
  move(fromNodeId: string, fromIncarnation: string, toNodeId: string): void {
    for (const [id, pin] of this.#pins) {
      if (pin.nodeId !== fromNodeId) continue;
      this.#pins.set(id, { ...pin, nodeId: toNodeId });
      this.#tell({ assignment: id });
    }
    // Whoever went to the first one now goes on with it.
    for (const [from, move] of this.#moves)
      if (move.toNodeId === fromNodeId) this.#setMove(from, { ...move, toNodeId });
    this.#endMove(toNodeId);
    this.#setMove(fromNodeId, { toNodeId, fromIncarnation });
    for (const oldest of this.#moves.keys()) {
      if (this.#moves.size <= MAX_MOVES) break;
      this.#endMove(oldest);
    }
  }

  /** The assignment as planes see it; without a node when it is gone. */
  assignment(id: string): Assignment {
    const pin = this.#pins.get(id);
    if (pin === undefined) {
      const slash = id.indexOf('/');
      return Assignment.create({ pool: id.slice(0, slash), key: id.slice(slash + 1) });
    }
    const { pool, key, nodeId, untilMs, pinned } = pin;
    const ttl = fromMs(Math.max(0, untilMs - this.#options.clock.now()));
    return Assignment.create({ pool, key, nodeId, ttl, pinned });
  }

  /** The move as planes see it; without a target when it is over. */
  moveFrom(nodeId: string): SessionMove {
    return SessionMove.create({ fromNodeId: nodeId, toNodeId: this.#moves.get(nodeId)?.toNodeId ?? '' });
  }

  #setMove(fromNodeId: string, move: Move): void {
    this.#moves.set(fromNodeId, move);
    this.#tell({ moveFrom: fromNodeId });
  }

  #endMove(fromNodeId: string): void {
    if (this.#moves.delete(fromNodeId)) this.#tell({ moveFrom: fromNodeId });
  }

  #unpin(id: string): void {
    this.#pins.delete(id);
    this.#tell({ assignment: id });
  }

  #expire(): void {
    const now = this.#options.clock.now();
    for (const [id, pin] of this.#pins) if (pin.untilMs <= now) this.#unpin(id);
  }

  #follow(commits: readonly Commit[]): void {
    if (this.#moves.size === 0) return;
    for (const { key, value } of commits) {
      if (!key.startsWith(NODES)) continue;
      const nodeId = key.slice(NODES.length);
      const incarnation = recordOf(value)?.node?.incarnation;
      const own = this.#moves.get(nodeId);
      if (own !== undefined && incarnation !== undefined && incarnation !== own.fromIncarnation) this.#endMove(nodeId);
      if (value !== undefined) continue;
      for (const [from, { toNodeId }] of this.#moves) if (toNodeId === nodeId) this.#endMove(from);
    }
  }

  #tell(change: Parameters<SessionListener>[0]): void {
    for (const listener of this.#listeners) listener(change);
  }
}
