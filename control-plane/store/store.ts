import type { StoredValue } from '../../proto';

/** A value of the store and the index of the commit that made it. */
export interface Entry {
  readonly key: string;
  readonly value: StoredValue;
  readonly index: number;
}

/** The store cannot be reached, or did not answer in time: nothing is known to have changed. */
export class StoreUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** One change: a value that is new or other, or undefined for a deletion. */
export interface Commit {
  readonly key: string;
  /** Of this commit; greater than all before. */
  readonly index: number;
  readonly value: StoredValue | undefined;
  /** W3C trace context of the change; '' when it has none. */
  readonly traceparent: string;
  readonly committedAt: Date;
}

export type CommitListener = (commits: readonly Commit[]) => void;

/**
 * What control planes agree on: ordered by one index, changed by compare-and-set. Reads come from this process's
 * own copy, which a commit of this process has already reached when its promise resolves.
 */
export interface Store {
  /** Names this memory; another one means that everything began anew. */
  readonly lineage: string;
  /** True: it cannot be written now, and what it holds may be old. */
  readonly frozen: boolean;
  /** Calls back when the lineage has changed: nothing sent before can be built upon. */
  onNewLineage(listener: () => void): void;
  /** Of the newest commit in this copy. */
  readonly index: number;
  get(key: string): Entry | undefined;
  /** All entries whose key begins with the prefix, in no order. */
  list(prefix: string): Iterable<Entry>;
  /** Calls back after each change of this copy; returns what ends that. */
  watch(listener: CommitListener): () => void;
  /**
   * Writes if the key is still at `index` (0: does not exist). Resolves to the new index, or undefined when it is not.
   * Rejects with StoreUnavailable.
   */
  compareAndSet(key: string, value: StoredValue, index: number): Promise<number | undefined>;
  /** Deletes if the key is still at `index`. `traceparent`: of the change. Resolves to false when it is not. Rejects with StoreUnavailable. */
  delete(key: string, index: number, traceparent?: string): Promise<boolean>;
  close(): Promise<void>;
}
