import { NodeState, StoredValue } from '../../proto';
import type { Logger } from '../../runtime/logger';
import { SETTINGS_KEY, settingsOf, type Store } from '../store';
import type { NodeRecords } from './node-records';
import { RemovalGuard, type GuardOptions, type PoolCount } from './removal-guard';

export interface GuardKeeperOptions {
  readonly store: Store;
  readonly records: NodeRecords;
  readonly logger: Logger;
  readonly guard: GuardOptions;
}

/** This control plane's mass-removal guard, and the flag in the store that all planes and control planes see. */
export class GuardKeeper {
  readonly #options: GuardKeeperOptions;
  readonly #guard: RemovalGuard;
  /** Since when the flag is up though this control plane did not raise it, in lease time. */
  #foreignSinceMs: number | undefined;

  constructor(options: GuardKeeperOptions) {
    this.#options = options;
    this.#guard = new RemovalGuard(options.guard);
  }

  /** Up here or at another control plane. */
  get active(): boolean {
    return this.#guard.active || this.#flag === true;
  }

  /** A node of the pool fell silent. */
  note(pool: string, nowMs: number): void {
    this.#guard.note(pool, nowMs);
  }

  /** Raises and ends; call at each sweep. */
  update(nowMs: number): void {
    const was = this.#guard.active;
    let counts: Map<string, PoolCount> | undefined;
    this.#guard.update((pool) => (counts ??= this.#count()).get(pool) ?? { nodes: 0, suspects: 0 }, nowMs);
    if (was !== this.#guard.active) this.#changed();
    this.#endForeign(nowMs);
  }

  get #flag(): boolean | undefined {
    return settingsOf(this.#options.store.get(SETTINGS_KEY)?.value)?.guardActive;
  }

  #changed(): void {
    const { logger } = this.#options;
    const facts = { pools: this.#guard.pools };
    if (this.#guard.active) logger.warn(facts, 'many nodes fell silent at once: none is removed');
    else logger.info('the mass-removal guard is down again');
    this.#tell();
  }

  /** The one who raised it may have died; nobody's guard lasts longer than its longest time. */
  #endForeign(nowMs: number): void {
    if (this.#guard.active || this.#flag !== true) {
      this.#foreignSinceMs = undefined;
      return;
    }
    this.#foreignSinceMs ??= nowMs;
    if (nowMs - this.#foreignSinceMs < this.#options.guard.maxMs) return;
    this.#foreignSinceMs = undefined;
    this.#tell();
  }

  #tell(): void {
    this.#write(this.#guard.active).catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'cannot write the guard');
    });
  }

  async #write(guardActive: boolean): Promise<void> {
    const { store } = this.#options;
    for (;;) {
      const entry = store.get(SETTINGS_KEY);
      const settings = settingsOf(entry?.value);
      if (entry === undefined || settings === undefined || settings.guardActive === guardActive) return;
      const value = StoredValue.create({ content: { $case: 'settings', value: { ...settings, guardActive } } });
      if ((await store.compareAndSet(SETTINGS_KEY, value, entry.index)) !== undefined) return;
    }
  }

  #count(): Map<string, PoolCount> {
    const counts = new Map<string, PoolCount>();
    for (const { node } of this.#options.records.list()) {
      const pool = node?.pool ?? '';
      const old = counts.get(pool) ?? { nodes: 0, suspects: 0 };
      const suspects = old.suspects + (node?.state === NodeState.SUSPECT ? 1 : 0);
      counts.set(pool, { nodes: old.nodes + 1, suspects });
    }
    return counts;
  }
}
