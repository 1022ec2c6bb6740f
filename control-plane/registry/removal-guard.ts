export interface GuardOptions {
  /** More of a pool than this share (1-100) expiring within one TTL raises the guard. */
  readonly percent: number;
  /** Never for this many nodes or fewer. */
  readonly minNodes: number;
  /** The guard ends by itself after this time. */
  readonly maxMs: number;
  /** The lease TTL. */
  readonly windowMs: number;
}

/** What the guard must know of a pool. */
export interface PoolCount {
  readonly nodes: number;
  readonly suspects: number;
}

/**
 * Many nodes that fall silent at once are rather a fault of the network, or of this control plane, than many deaths: while the guard is up
 * nobody is removed. It ends when heartbeats return, after `maxMs`, or when an operator removes the silent nodes.
 */
export class RemovalGuard {
  readonly #options: GuardOptions;
  readonly #expiries = new Map<string, number[]>();
  /** Pool to when it was raised. */
  readonly #raised = new Map<string, number>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#raised.size > 0;
  }

  get pools(): readonly string[] {
    return [...this.#raised.keys()];
  }

  /** A node of the pool expired. */
  note(pool: string, nowMs: number): void {
    const times = this.#expiries.get(pool);
    if (times === undefined) this.#expiries.set(pool, [nowMs]);
    else times.push(nowMs);
  }

  /** Raises and ends; call at each sweep. */
  update(countOf: (pool: string) => PoolCount, nowMs: number): void {
    this.#end(countOf, nowMs);
    for (const [pool, times] of this.#expiries) {
      const recent = times.filter((at) => nowMs - at <= this.#options.windowMs);
      if (recent.length === 0) this.#expiries.delete(pool);
      else this.#expiries.set(pool, recent);
      if (recent.length > this.#limit(countOf(pool)) && !this.#raised.has(pool)) this.#raised.set(pool, nowMs);
    }
  }

  #end(countOf: (pool: string) => PoolCount, nowMs: number): void {
    for (const [pool, raisedAtMs] of this.#raised) {
      const count = countOf(pool);
      if (count.suspects > this.#limit(count) && nowMs - raisedAtMs < this.#options.maxMs) continue;
      this.#raised.delete(pool);
      this.#expiries.delete(pool);
    }
  }

  #limit({ nodes }: PoolCount): number {
    return Math.max(this.#options.minNodes, (nodes * this.#options.percent) / 100);
  }
}
