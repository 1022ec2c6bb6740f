import type { NodeTable } from './node-table';

/** `new`: no new work, what the node has stays there. `all`: its old work goes to stand-ins too, as if it were dead. */
export type EjectionScope = 'new' | 'all';

/**
 * Nodes that the plane's own traffic found in trouble, each until a time. A node that comes back starts slowly.
 * The last usable node of a pool is never ejected: a bad node is better than none.
 */
export class Ejections {
  readonly #untilMs = new Map<string, number>();
  #nextMs = Number.POSITIVE_INFINITY;

  /** When the first node is to be readmitted; Infinity: none is ejected. */
  get nextMs(): number {
    return this.#nextMs;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** False: the node is unknown, or the last usable one of its pool; then nothing changes. A second ejection replaces the first. */
  eject(table: NodeTable, id: string, { untilMs, scope }: { untilMs: number; scope: EjectionScope }): boolean {
    const node = table.get(id);
    if (node === undefined || !table.pool(node.pool).fresh.some((other) => other.id !== id)) return false;
    node.live.ejectedUntilMs = untilMs;
    node.live.deadUntilMs = scope === 'all' ? untilMs : Number.NEGATIVE_INFINITY;
    this.#untilMs.set(id, untilMs);
    this.#nextMs = Math.min(...this.#untilMs.values());
    return true;
  }

  /** Ends those whose time is over; true: the pools are to be regrouped. */
  readmitDue(table: NodeTable, nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    for (const [id, untilMs] of this.#untilMs) if (nowMs >= untilMs) this.readmit(table, id, nowMs);
    return true;
  }

  /** Goes over to a new table: a node that left, or is a new process, is not ejected any more. */
  follow(table: NodeTable, previous: NodeTable, nowMs: number): void {
    for (const id of this.#untilMs.keys()) {
      if (table.get(id)?.incarnation !== previous.get(id)?.incarnation) this.readmit(table, id, nowMs);
    }
  }

  /** Ends one before its time; false: it was not ejected. */
  readmit(table: NodeTable, id: string, nowMs: number): boolean {
    if (!this.#untilMs.delete(id)) return false;
    this.#nextMs = Math.min(...this.#untilMs.values());
    const live = table.get(id)?.live;
    if (live !== undefined) {
      live.ejectedUntilMs = Number.NEGATIVE_INFINITY;
      live.deadUntilMs = Number.NEGATIVE_INFINITY;
      live.rampStartMs = nowMs;
    }
    return true;
  }
}
