import { Assignment, SessionMove, VersionedAssignment, VersionedMove, fromMs, toMs } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { DEFAULT_POOL, NODES, recordOf, type Commit, type Store } from '../store';

export interface SessionTableOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Most keys remembered; the one assigned longest ago leaves first. */
  readonly maxKeys: number;
}

/** What changed: an assignment (by `pool/key` id) or a move (by node id); `foreign`: another control plane told of it. */
export interface SessionChange {
  readonly assignment?: string;
  readonly moveFrom?: string;
  readonly foreign?: true;
}

export type SessionListener = (change: SessionChange) => void;

interface Pin {
  readonly pool: string;
  readonly key: string;
  readonly nodeId: string;
  readonly untilMs: number;
  /** A node asked for it; else a plane's algorithm made it. */
  readonly pinned: boolean;
  /** Raised by each change of the node, at whichever control plane. */
  readonly version: number;
}

interface Move {
  readonly toNodeId: string;
  /** Incarnation of the node that handed over; a newer one ends the move. */
  readonly fromIncarnation: string;
  /** Of the moves of all control planes that this one knows of. */
  readonly version: number;
}

const MAX_MOVES = 1000;
const SWEEP_MS = 10_000;

/**
 * Which affinity keys are pinned to which node, and whose sessions went to another. In memory only: bounded, expiring, of use while it lasts.
 * Several control planes tell each other; versions decide alike everywhere, in whatever order changes come.
 */
export class SessionTable {
  readonly #options: SessionTableOptions;
  /** Oldest assignment first. */
  readonly #pins = new Map<string, Pin>();
  readonly #moves = new Map<string, Move>();
  readonly #listeners = new Set<SessionListener>();
  readonly #stop: () => void;
  #newestMove = 0;
  /** A change that another control plane told of is under way. */
  #foreign = false;

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
  suggest(wanted: Pick<Pin, 'pool' | 'key' | 'nodeId'> & { ttlMs: number }, isLive: (nodeId: string) => boolean): void {
    const { key, nodeId, ttlMs } = wanted;
    const pool = wanted.pool || DEFAULT_POOL;
    const now = this.#options.clock.now();
    const held = this.#pins.get(`${pool}/${key}`);
    const holds = held !== undefined && held.untilMs > now && (held.pinned || held.nodeId !== nodeId);
    if (holds && isLive(held.nodeId)) this.#tell({ assignment: `${pool}/${key}` });
    else this.#assign({ pool, key, nodeId, untilMs: now + ttlMs, pinned: false });
  }

  /** Another control plane tells of it. What holds is the same everywhere: see VersionedAssignment. */
  take({ assignment, version }: VersionedAssignment): void {
    if (assignment === undefined || assignment.nodeId === '') return;
    const { key, nodeId, ttl, pinned } = assignment;
    const pool = assignment.pool || DEFAULT_POOL;
    const theirs = { pool, key, nodeId, pinned, version, untilMs: this.#options.clock.now() + toMs(ttl) };
    const held = this.#live(`${pool}/${key}`);
    if (held !== undefined && !outranks(theirs, held)) return;
    this.#fromAnother(() => this.#put(theirs));
  }

  /** Another control plane tells of it. */
  takeMove({ move, fromIncarnation, version }: VersionedMove): void {
    if (move === undefined || move.toNodeId === '' || version <= (this.#moves.get(move.fromNodeId)?.version ?? 0))
      return;
    this.#newestMove = Math.max(this.#newestMove, version);
    this.#fromAnother(() => this.#move(move.fromNodeId, { toNodeId: move.toNodeId, fromIncarnation, version }));
  }

  /** The assignment as other control planes hear it; undefined when it is gone: each lets go of its own. */
  versioned(id: string): VersionedAssignment | undefined {
    const pin = this.#live(id);
    return pin && VersionedAssignment.create({ assignment: this.assignment(id), version: pin.version });
  }

  /** The move as other control planes hear it; undefined when it is over: they see the same end. */
  versionedMove(fromNodeId: string): VersionedMove | undefined {
    const move = this.#moves.get(fromNodeId);
    if (move === undefined) return undefined;
    const { fromIncarnation, version } = move;
    return VersionedMove.create({ move: this.moveFrom(fromNodeId), fromIncarnation, version });
  }

  #fromAnother(work: () => void): void {
    this.#foreign = true;
    try {
      work();
    } finally {
      this.#foreign = false;
    }
  }

  #live(id: string): Pin | undefined {
    const pin = this.#pins.get(id);
    return pin !== undefined && pin.untilMs > this.#options.clock.now() ? pin : undefined;
  }

  #assign(pin: Omit<Pin, 'version'>): void {
    const held = this.#live(`${pin.pool}/${pin.key}`);
    const same = held?.nodeId === pin.nodeId && held.pinned === pin.pinned;
    this.#put({ ...pin, version: (held?.version ?? 0) + (same ? 0 : 1) });
  }

  #put(pin: Pin): void {
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
    this.#newestMove += 1;
    this.#move(fromNodeId, { toNodeId, fromIncarnation, version: this.#newestMove });
  }

  #move(fromNodeId: string, made: Move): void {
    const { toNodeId } = made;
    for (const [id, pin] of this.#pins) {
      if (pin.nodeId !== fromNodeId) continue;
      this.#pins.set(id, { ...pin, nodeId: toNodeId, version: pin.version + 1 });
      this.#tell({ assignment: id });
    }
    // Whoever went to the first one now goes on with it.
    for (const [from, move] of this.#moves)
      if (move.toNodeId === fromNodeId) this.#setMove(from, { ...move, toNodeId });
    this.#endMove(toNodeId);
    this.#setMove(fromNodeId, made);
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

  #tell(change: SessionChange): void {
    const told = this.#foreign ? { ...change, foreign: true as const } : change;
    for (const listener of this.#listeners) listener(told);
  }
}

/** Decided alike at every control plane. The same again counts when it lasts longer. */
function outranks(a: Pin, b: Pin): boolean {
  if (a.version !== b.version) return a.version > b.version;
  if (a.pinned !== b.pinned) return a.pinned;
  return a.nodeId === b.nodeId ? a.untilMs > b.untilMs : a.nodeId < b.nodeId;
}
