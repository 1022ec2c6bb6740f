/** What a connected plane has answered and reported, as far as drains need it. */
export interface PlaneProgress {
  /** Id and incarnation. */
  readonly key: string;
  /** The newest revision index that it acked or nacked. */
  readonly answeredIndex: number;
  /** When its last report of figures came, by the clock, ms; -Infinity: never. */
  readonly reportedAtMs: number;
  sessionsOf(nodeId: string): number;
}

interface Drain {
  readonly deadlineMs: number;
  /** The revision that carries the drain. */
  readonly index: number;
  /** Plane to when its answer to that revision was first seen. */
  readonly answered: Map<string, number>;
}

/**
 * Drains under way. One ends at its deadline, or when each connected plane has applied it and has since then reported that
 * the node has no session there. A report from before the plane knew of the drain proves nothing.
 */
export class Drains {
  readonly #drains = new Map<string, Drain>();

  /** `deadlineMs` in lease time; `index`: of the revision that says DRAINING. */
  begin(nodeId: string, deadlineMs: number, index: number): void {
    this.#drains.set(nodeId, { deadlineMs, index, answered: new Map() });
  }

  has(nodeId: string): boolean {
    return this.#drains.has(nodeId);
  }

  end(nodeId: string): void {
    this.#drains.delete(nodeId);
  }

  get size(): number {
    return this.#drains.size;
  }

  /** The nodes whose drain is over. `nowMs` in lease time, `clockMs` by the clock. */
  finished(planes: readonly PlaneProgress[], nowMs: number, clockMs: number): string[] {
    const done: string[] = [];
    for (const [nodeId, drain] of this.#drains) {
      const idle = planes.map((plane) => isIdle(nodeId, drain, plane, clockMs));
      if (nowMs >= drain.deadlineMs || idle.every(Boolean)) done.push(nodeId);
    }
    return done;
  }
}

function isIdle(nodeId: string, { index, answered }: Drain, plane: PlaneProgress, clockMs: number): boolean {
  if (plane.answeredIndex < index) return false;
  const since = answered.get(plane.key);
  if (since === undefined) {
    answered.set(plane.key, clockMs);
    return false;
  }
  return plane.reportedAtMs > since && plane.sessionsOf(nodeId) === 0;
}
