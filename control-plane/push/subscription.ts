import {
  Delta,
  Snapshot,
  SubscribeResponse,
  type Hello,
  type Nack,
  type Node,
  type Rejection,
  type Revision,
  type RoutingConfig,
} from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import { Refusal } from '../registry';
import {
  CONFIGS,
  NODES,
  SETTINGS_KEY,
  configKey,
  configOf,
  nodeKey,
  nodeOf,
  settingsOf,
  type Commit,
  type Store,
} from '../store';
import type { PlaneDirectory, PlaneRecord } from './plane-directory';

/** Why and when the state became what it is. */
export interface Cause {
  /** W3C trace context of the change; '' for none. */
  readonly traceparent: string;
  readonly committedAt: Date;
}

export interface SubscriptionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly planes: PlaneDirectory;
  readonly hello: Hello;
  /** Writes to the stream. `cause` is of the newest change in the response; undefined for a state that a plane gets because it came. */
  readonly send: (response: SubscribeResponse, cause: Cause | undefined) => void;
  /** The plane did not answer for too long: end the stream. */
  readonly onSilent: () => void;
}

const PAGE_SIZE = 500;
const LAGGING_AFTER_MS = 10_000;
const SILENT_AFTER_MS = 60_000;

interface InFlight {
  readonly nonce: number;
  readonly revision: Revision;
  readonly timers: readonly Timer[];
}

/** A snapshot is sent of one revision, whatever happens meanwhile. */
interface Pages {
  readonly revision: Revision;
  readonly nodes: readonly Node[];
  readonly configs: readonly RoutingConfig[];
  offset: number;
}

/**
 * What one plane is sent and has answered. One response in flight; changes meanwhile gather in a set of keys, so that memory is bounded
 * by the number of nodes and a slow plane gets the newest state. After a Nack nothing is sent until the next revision,
 * which then carries the rejected resources again.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #record: PlaneRecord;
  readonly #dirty = new Set<string>();
  /** Keys of the last Nack, to be tried again with the next revision. */
  #rejected: readonly string[] = [];
  #rejections: Rejection[] = [];
  #cause: Cause | undefined;
  #nonce = 0;
  #base: Revision | undefined;
  #inFlight: InFlight | undefined;
  #pages: Pages | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#record = options.planes.join(options.hello);
  }

  get hello(): Hello {
    return this.#options.hello;
  }

  /** True once the first response is on its way. */
  get started(): boolean {
    return this.#nonce > 0;
  }

  /** Sends the plane what it lacks: a delta when `changed` (the keys since its revision) is known, else a snapshot. */
  start(changed: ReadonlySet<string> | undefined): void {
    if (changed === undefined) {
      this.#sendSnapshot();
      return;
    }
    this.#base = this.#options.hello.resumeFrom;
    for (const key of changed) this.#dirty.add(key);
    this.#sendDelta();
  }

  /** Something was committed: all of it belongs to one revision. */
  changed(commits: readonly Commit[]): void {
    if (!this.started) return;
    for (const { key } of commits) this.#dirty.add(key);
    this.#cause = commits.at(-1);
    this.#next();
  }

  /** Throws Refusal OUT_OF_ORDER when nothing or something else is in flight. */
  ack(nonce: number): void {
    const { revision } = this.#answered(nonce);
    this.#settle(revision);
  }

  /** As `ack`; what is rejected is tried again with the next revision. */
  nack({ nonce, rejections }: Nack): void {
    const { revision } = this.#answered(nonce);
    this.#rejections.push(...rejections);
    this.#settle(revision);
  }

  close(): void {
    this.#clearFlight();
    this.#record.connected = false;
    this.#record.lagging = false;
  }

  #settle(revision: Revision): void {
    if (this.#pages === undefined) {
      const { planes } = this.#options;
      if (this.#rejections.length === 0) planes.acked(this.#record, revision);
      else planes.nacked(this.#record, revision, this.#rejections);
      this.#rejected = this.#rejections.flatMap((rejection) => this.#keyOf(rejection));
      this.#rejections = [];
    }
    this.#next();
  }

  #next(): void {
    if (this.#inFlight !== undefined) return;
    if (this.#pages !== undefined) this.#sendPage(this.#pages);
    else if (this.#dirty.size > 0) this.#sendDelta();
  }

  #sendSnapshot(): void {
    const { store, hello } = this.#options;
    const revision = { lineage: store.lineage, index: store.index };
    const nodes = [...store.list(NODES)].flatMap(({ value, index }) => nodeOf(value, index) ?? []);
    const configs = [...store.list(CONFIGS)].flatMap(({ value, index }) => configOf(value, index, hello.planeId) ?? []);
    this.#dirty.clear();
    this.#sendPage({ revision, nodes, configs, offset: 0 });
  }

  #sendPage(pages: Pages): void {
    const { store } = this.#options;
    const end = pages.offset + PAGE_SIZE;
    const more = end < pages.nodes.length;
    const snapshot = Snapshot.create({
      nodes: pages.nodes.slice(pages.offset, end),
      configs: pages.offset === 0 ? [...pages.configs] : [],
      settings: more ? undefined : settingsOf(store.get(SETTINGS_KEY)?.value),
      more,
    });
    this.#pages = more ? { ...pages, offset: end } : undefined;
    this.#send(pages.revision, { $case: 'snapshot', value: snapshot }, undefined);
  }

  #sendDelta(): void {
    const { store } = this.#options;
    for (const key of this.#rejected) this.#dirty.add(key);
    this.#rejected = [];
    const delta = Delta.create({ base: this.#base });
    for (const key of this.#dirty) this.#put(delta, key);
    this.#dirty.clear();
    const cause = this.#cause;
    this.#cause = undefined;
    this.#send({ lineage: store.lineage, index: store.index }, { $case: 'delta', value: delta }, cause);
  }

  #put(delta: Delta, key: string): void {
    const entry = this.#options.store.get(key);
    if (key.startsWith(NODES)) {
      const node = entry && nodeOf(entry.value, entry.index);
      if (node === undefined) delta.removals.push(key.slice(NODES.length));
      else delta.upserts.push(node);
    } else if (key.startsWith(CONFIGS)) {
      const config = entry && configOf(entry.value, entry.index, this.#options.hello.planeId);
      if (config !== undefined) delta.configs.push(config);
    } else if (key === SETTINGS_KEY) {
      delta.settings = settingsOf(entry?.value);
    }
  }

  #send(revision: Revision, content: NonNullable<SubscribeResponse['content']>, cause: Cause | undefined): void {
    const { clock, send, onSilent } = this.#options;
    this.#nonce += 1;
    this.#base = revision;
    this.#record.sent = revision;
    const lagging = clock.after(LAGGING_AFTER_MS, () => void (this.#record.lagging = true));
    const silent = clock.after(SILENT_AFTER_MS, onSilent);
    this.#inFlight = { nonce: this.#nonce, revision, timers: [lagging, silent] };
    const committedAt = cause?.committedAt ?? clock.date();
    send(SubscribeResponse.create({ nonce: this.#nonce, revision, committedAt, content }), cause);
  }

  #answered(nonce: number): InFlight {
    const inFlight = this.#inFlight;
    if (inFlight?.nonce !== nonce) {
      throw new Refusal('OUT_OF_ORDER', `expected an answer to nonce ${inFlight?.nonce ?? 'none'}, got ${nonce}`);
    }
    this.#clearFlight();
    this.#record.lagging = false;
    return inFlight;
  }

  #clearFlight(): void {
    for (const timer of this.#inFlight?.timers ?? []) timer.cancel();
    this.#inFlight = undefined;
  }

  #keyOf({ resource }: Rejection): string[] {
    switch (resource?.$case) {
      case 'nodeId':
        return [nodeKey(resource.value)];
      case 'pool':
        return [configKey(this.#options.hello.protocol, resource.value)];
      case undefined:
        return [];
    }
  }
}
