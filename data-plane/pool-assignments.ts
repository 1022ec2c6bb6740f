/** A key's node as the control plane tells it. */
export interface TakenAssignment {
  readonly nodeId: string;
  /** By the plane's clock, ms. */
  readonly untilMs: number;
  /** A node asked for it: every algorithm obeys. */
  readonly pinned: boolean;
}

interface Held {
  nodeId: string;
  untilMs: number;
  pinned: boolean;
  /** Made or used at this plane: it is reported again to a control plane that lost it. */
  own: boolean;
  /** Until when the control plane remembers it, as far as this plane knows, ms. */
  toldUntilMs: number;
}

const MAX_KEYS = 200_000;

/** The assignments of one pool: bounded, expiring; the longest unused one leaves first. */
export class PoolAssignments {
  /** In order of last use, oldest first. */
  readonly #held = new Map<string, Held>();
  readonly #unreported = new Set<string>();
  #pinned = 0;

  get size(): number {
    return this.#held.size;
  }

  /** Is any key pinned at all? */
  get hasPinned(): boolean {
    return this.#pinned > 0;
  }

  /** The node that a node of the cluster pinned the key to, or undefined. */
  pinned(key: string, nowMs: number): string | undefined {
    const held = this.#held.get(key);
    return held !== undefined && held.pinned && nowMs < held.untilMs ? held.nodeId : undefined;
  }

  /** The key's node, however it came to it; undefined: none, or its time is over. */
  find(key: string, nowMs: number): string | undefined {
    const held = this.#held.get(key);
    return held !== undefined && nowMs < held.untilMs ? held.nodeId : undefined;
  }

  /** The key is used here and belongs to the node for so long from now; the others hear of it when it is new, moved, or half through. */
  keep(key: string, nodeId: string, { nowMs, ttlMs }: { readonly nowMs: number; readonly ttlMs: number }): void {
    const known = this.#held.get(key);
    if (known?.nodeId === nodeId && known.pinned) return;
    const held = known ?? { nodeId: '', untilMs: 0, pinned: false, own: true, toldUntilMs: 0 };
    if (held.nodeId !== nodeId || held.toldUntilMs - nowMs < ttlMs / 2) {
      held.toldUntilMs = nowMs + ttlMs;
      this.#unreported.add(key);
    }
    held.nodeId = nodeId;
    held.untilMs = nowMs + ttlMs;
    held.own = true;
    this.#unpin(held);
    this.#put(key, held);
  }

  /** What the control plane tells is what holds. */
  take(key: string, { nodeId, untilMs, pinned }: TakenAssignment): void {
    const known = this.#held.get(key);
    if (known !== undefined) this.#unpin(known);
    if (pinned) this.#pinned += 1;
    this.#unreported.delete(key);
    const usedUntilMs = known?.nodeId === nodeId ? Math.max(known.untilMs, untilMs) : untilMs;
    this.#put(key, { nodeId, untilMs: usedUntilMs, pinned, own: known?.own ?? false, toldUntilMs: untilMs });
  }

  forget(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#unpin(held);
    this.#held.delete(key);
    this.#unreported.delete(key);
  }

  takeReports(
    limit: number,
    nowMs: number,
  ): { readonly key: string; readonly nodeId: string; readonly untilMs: number }[] {
    const reports = [];
    for (const key of this.#unreported) {
      if (reports.length >= limit) break;
      this.#unreported.delete(key);
      const held = this.#held.get(key);
      if (held !== undefined && nowMs < held.untilMs) reports.push({ key, nodeId: held.nodeId, untilMs: held.untilMs });
    }
    return reports;
  }

  reportAll(): void {
    for (const [key, { own, pinned }] of this.#held) if (own && !pinned) this.#unreported.add(key);
  }

  expire(nowMs: number): void {
    for (const [key, { untilMs }] of this.#held) if (nowMs >= untilMs) this.forget(key);
  }

  #put(key: string, held: Held): void {
    this.#held.delete(key);
    this.#held.set(key, held);
    if (this.#held.size <= MAX_KEYS) return;
    for (const oldest of this.#held.keys()) {
      this.forget(oldest);
      return;
    }
  }

  #unpin(held: Held): void {
    if (held.pinned) this.#pinned -= 1;
    held.pinned = false;
  }
}
