import type { StoredValue } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { Commit, CommitListener, Entry, Store } from './store';

/** The store of a control plane that is alone: it forgets everything when the process ends. */
export class MemoryStore implements Store {
  readonly lineage: string;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<CommitListener>();
  #index = 0;

  /** `lineage`: random, one per process start. */
  constructor(lineage: string, clock: Clock) {
    this.lineage = lineage;
    this.#clock = clock;
  }

  /** It is always at hand. */
  get frozen(): boolean {
    return false;
  }

  get index(): number {
    return this.#index;
  }

  /** It never has another one. */
  onNewLineage(): void {}

  async close(): Promise<void> {}

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  *list(prefix: string): Iterable<Entry> {
    for (const entry of this.#entries.values()) if (entry.key.startsWith(prefix)) yield entry;
  }

  watch(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async compareAndSet(key: string, value: StoredValue, index: number): Promise<number | undefined> {
    if ((this.#entries.get(key)?.index ?? 0) !== index) return undefined;
    const committedAt = this.#clock.date();
    this.#index += 1;
    const stored = { ...value, committedAt };
    this.#entries.set(key, { key, value: stored, index: this.#index });
    this.#tell({ key, index: this.#index, value: stored, traceparent: value.traceparent, committedAt });
    return this.#index;
  }

  async delete(key: string, index: number, traceparent = ''): Promise<boolean> {
    if (this.#entries.get(key)?.index !== index) return false;
    this.#index += 1;
    this.#entries.delete(key);
    this.#tell({ key, index: this.#index, value: undefined, traceparent, committedAt: this.#clock.date() });
    return true;
  }

  #tell(commit: Commit): void {
    for (const listener of this.#listeners) listener([commit]);
  }
}
