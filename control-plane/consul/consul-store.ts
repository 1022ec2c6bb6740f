import { randomUUID } from 'node:crypto';
import { StoredValue } from '../../proto';
import type { Clock } from '../../runtime/clock';
import { WatchLoop, type ConsulClient, type KvAnswer, type KvItem } from '../../runtime/consul';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import { StoreUnavailable, type Commit, type CommitListener, type Entry, type Store } from '../store';

export interface ConsulStoreOptions {
  readonly client: ConsulClient;
  /** Ends with a slash: `triplane/`. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Waiter {
  readonly key: string;
  /** The key must have left this index (0: must exist). */
  readonly past: number;
  readonly done: (seen: boolean) => void;
}

const WAIT_MS = 10_000;
const PACE_MS = 50;
/** Each answer holds everything, so a large state is asked for less often: 10 000 nodes (12 MB) twice a second at most. */
const ENTRIES_PER_MS = 100;
/** Writes at once when Consul has lost everything. */
const WRITE_BACK_AT_ONCE = 20;
const SEEN_WITHIN_MS = 5000;
const LINEAGE = 'lineage';
/** Written with each deletion, so that every change raises the highest index below the prefix. */
const PULSE = 'pulse';

/**
 * The store that control planes share: one Consul KV prefix, copied by one blocking query that starts anew after every error.
 * An answer is trusted only if it holds the lineage: a token without rights and a wiped Consul answer with an empty list.
 * When Consul has lost its memory, this copy writes it back under a new lineage.
 */
export class ConsulStore implements Store {
  readonly #options: ConsulStoreOptions;
  readonly #loop: WatchLoop;
  readonly #listeners = new Set<CommitListener>();
  readonly #lineageListeners: (() => void)[] = [];
  readonly #waiters = new Set<Waiter>();
  #entries = new Map<string, Entry>();
  #lineage = '';
  #index = 0;
  #frozen = true;
  #closed = false;
  #opened: (() => void) | undefined;
  #alive: NodeJS.Timeout | undefined;

  constructor(options: ConsulStoreOptions) {
    this.#options = options;
    this.#loop = new WatchLoop({
      ...options,
      ask: (since) => this.#read(since),
      answered: () => this.#answered(),
      failed: (error) => this.#freeze(error),
    });
  }

  get lineage(): string {
    return this.#lineage;
  }

  get index(): number {
    return this.#index;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Resolves when the first whole answer is in; rejects with StoreUnavailable after `withinMs`. */
  async open(withinMs: number): Promise<void> {
    this.#loop.start();
    // The clock's timers alone do not keep a process alive that has no listener yet.
    this.#alive = setInterval(() => undefined, 60_000);
    const opened = await new Promise<boolean>((resolve) => {
      this.#opened = () => resolve(true);
      this.#options.clock.after(withinMs, () => resolve(false));
    });
    if (opened) return;
    await this.close();
    throw new StoreUnavailable(`Consul did not answer with a whole state within ${withinMs} ms`);
  }

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

  onNewLineage(listener: () => void): void {
    this.#lineageListeners.push(listener);
  }

  async compareAndSet(key: string, value: StoredValue, index: number): Promise<number | undefined> {
    const stored = { ...value, committedAt: this.#options.clock.date() };
    const written = await this.#ask(() => this.#options.client.put(this.#path(key), textOf(stored), index));
    const seen = await this.#seen(key, index);
    if (written && !seen) throw new StoreUnavailable('Consul took a change and does not show it');
    return written ? this.#entries.get(key)?.index : undefined;
  }

  async delete(key: string, index: number, traceparent = ''): Promise<boolean> {
    const { client } = this.#options;
    const path = this.#path(key);
    const done = await this.#ask(() => client.deleteAndPut(path, index, this.#path(PULSE), traceparent));
    await this.#seen(key, index);
    return done;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#frozen = true;
    clearInterval(this.#alive);
    const ended = this.#loop.close();
    this.#options.client.close();
    for (const waiter of this.#waiters) waiter.done(false);
    await ended;
  }

  async #read(since: number): Promise<number> {
    const { client, prefix } = this.#options;
    const answer = await client.readAll(prefix, since, WAIT_MS);
    return (await this.#take(answer)) ? answer.index : 0;
  }

  #answered(): number {
    this.#thaw();
    return PACE_MS + this.#entries.size / ENTRIES_PER_MS;
  }

  /** False: something had to be written first, read again. */
  async #take(answer: KvAnswer): Promise<boolean> {
    const { client } = this.#options;
    const at = answer.items.find(({ key }) => key === this.#path(LINEAGE));
    const newest = answer.items.reduce((max, { modifyIndex }) => Math.max(max, modifyIndex), 0);
    const wentBack = at?.value === this.#lineage && newest < this.#index;
    if (at === undefined || wentBack) {
      // Without the right to write this is refused, and the answer was worth nothing.
      await client.put(this.#path(LINEAGE), randomUUID(), at?.modifyIndex ?? 0);
      return false;
    }
    if (at.value !== this.#lineage && this.#lineage !== '' && (await this.#writeBack(answer))) return false;
    this.#apply(answer.items, at.value, newest);
    return true;
  }

  /** Puts what this copy holds and Consul lost back in place. True when there was anything. */
  async #writeBack({ items }: KvAnswer): Promise<boolean> {
    const there = new Set(items.map(({ key }) => key));
    const lost = [...this.#entries.values()].filter(({ key }) => !there.has(this.#path(key)));
    const { client, logger } = this.#options;
    if (lost.length > 0) logger.warn({ values: lost.length }, 'Consul has lost its memory: writing it back');
    for (let at = 0; at < lost.length; at += WRITE_BACK_AT_ONCE) {
      const some = lost.slice(at, at + WRITE_BACK_AT_ONCE);
      await Promise.all(some.map(({ key, value }) => client.put(this.#path(key), textOf(value), 0)));
    }
    return lost.length > 0;
  }

  #apply(items: readonly KvItem[], lineage: string, newest: number): void {
    const renewed = this.#lineage !== '' && lineage !== this.#lineage;
    const { entries, commits } = this.#difference(items, newest, renewed);
    this.#entries = entries;
    this.#index = newest;
    this.#lineage = lineage;
    if (renewed) for (const listener of this.#lineageListeners) listener();
    if (commits.length > 0) for (const listener of this.#listeners) listener(commits);
    for (const waiter of this.#waiters) if (this.#hasLeft(waiter)) waiter.done(true);
  }

  #difference(
    items: readonly KvItem[],
    newest: number,
    renewed: boolean,
  ): { entries: Map<string, Entry>; commits: Commit[] } {
    const entries = new Map<string, Entry>();
    const commits: Commit[] = [];
    let pulse = '';
    for (const { key: path, value: text, modifyIndex } of items) {
      const key = path.slice(this.#options.prefix.length);
      if (key === PULSE) pulse = text;
      if (key === PULSE || key === LINEAGE) continue;
      const held = this.#entries.get(key);
      const same = !renewed && held?.index === modifyIndex;
      const entry = same ? held : this.#entryOf(key, text, modifyIndex);
      if (entry === undefined) continue;
      entries.set(key, entry);
      if (!same) commits.push(commitOf(entry));
    }
    for (const key of this.#entries.keys()) {
      if (entries.has(key)) continue;
      const committedAt = this.#options.clock.date();
      commits.push({ key, index: newest, value: undefined, traceparent: pulse, committedAt });
    }
    return { entries, commits: commits.sort((a, b) => a.index - b.index) };
  }

  /** What cannot be read keeps its old value: one bad value must not cost the others. */
  #entryOf(key: string, text: string, index: number): Entry | undefined {
    try {
      return { key, index, value: StoredValue.fromJSON(JSON.parse(text)) };
    } catch (error) {
      this.#options.logger.warn({ key, reason: messageOf(error) }, 'a value in Consul cannot be read');
      const held = this.#entries.get(key);
      return held && { ...held, index };
    }
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.#frozen) throw new StoreUnavailable('cut off from Consul; try another control plane');
    try {
      return await call();
    } catch (error) {
      throw new StoreUnavailable(`Consul: ${messageOf(error)}`, error);
    }
  }

  /** Waits until this copy has left the index at that key. */
  #seen(key: string, past: number): Promise<boolean> {
    if (this.#hasLeft({ key, past })) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (seen: boolean): void => {
        limit.cancel();
        this.#waiters.delete(waiter);
        resolve(seen);
      };
      const limit = this.#options.clock.after(SEEN_WITHIN_MS, () => finish(false));
      const waiter: Waiter = { key, past, done: finish };
      this.#waiters.add(waiter);
    });
  }

  #hasLeft({ key, past }: Pick<Waiter, 'key' | 'past'>): boolean {
    return (this.#entries.get(key)?.index ?? 0) !== past;
  }

  #thaw(): void {
    if (!this.#frozen || this.#closed) return;
    // Nothing whole was read yet: the lineage was just made.
    if (this.#lineage === '') return;
    this.#frozen = false;
    this.#options.logger.info({ lineage: this.#lineage, index: this.#index }, 'in step with Consul');
    this.#opened?.();
  }

  #freeze(error: unknown): void {
    if (this.#closed) return;
    if (!this.#frozen) this.#options.logger.warn({ reason: messageOf(error) }, 'cut off from Consul: frozen');
    else this.#options.logger.debug({ reason: messageOf(error) }, 'Consul does not answer');
    this.#frozen = true;
  }

  #path(key: string): string {
    return `${this.#options.prefix}${key}`;
  }
}

function textOf(value: StoredValue): string {
  return JSON.stringify(StoredValue.toJSON(value));
}

function commitOf({ key, index, value }: Entry): Commit {
  return { key, index, value, traceparent: value.traceparent, committedAt: value.committedAt ?? new Date(0) };
}
