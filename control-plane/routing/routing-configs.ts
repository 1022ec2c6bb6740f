import { Canary, PastRoutingConfig, Protocol, StoredValue, type RoutingConfig } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { PlaneDirectory } from '../push';
import { Refusal } from '../registry';
import { CONFIGS, configKey, configOf, type Entry, type Store } from '../store';
import { requireScope, validateConfig } from './validate-config';

export interface RoutingConfigsOptions {
  readonly store: Store;
  readonly planes: PlaneDirectory;
  readonly clock: Clock;
}

export interface ConfigUpdate {
  readonly config: RoutingConfig | undefined;
  /** The changed_index that the caller saw; '' for no check. */
  readonly etag: string;
  readonly validateOnly: boolean;
  /** Try it at so many planes first; 0: none. */
  readonly canaryPlanes: number;
  readonly traceparent: string;
}

/** What an update came to. */
export interface Updated {
  readonly config: RoutingConfig;
  /** The planes that try it; empty: it is in force. */
  readonly canaryPlaneIds: readonly string[];
}

/** A config on trial, and where it stands. */
export interface Trial {
  readonly key: string;
  readonly index: number;
  readonly canary: Canary;
}

/** What to write instead of an entry; undefined: nothing. */
type Decide = (entry: Entry | undefined) => StoredValue | undefined;

const MAX_PAST = 50;
const MAX_TRIES = 10;

/** Which algorithm is in force for each protocol and pool, which was before, and the rules for changing it. */
export class RoutingConfigs {
  readonly #options: RoutingConfigsOptions;
  /** Key to index of the trials that this control plane began: only their planes are known here. */
  readonly #begun = new Map<string, number>();

  constructor(options: RoutingConfigsOptions) {
    this.#options = options;
  }

  /** Sorted by protocol and pool; UNSPECIFIED: all protocols. */
  list(protocol: Protocol): RoutingConfig[] {
    return this.#entries(protocol).flatMap(({ value, index }) => configOf(value, index) ?? []);
  }

  canaries(protocol: Protocol): Canary[] {
    return this.#entries(protocol).flatMap(({ value }) => value.canary ?? []);
  }

  /** What was in force before, newest first within each protocol and pool. */
  past(protocol: Protocol): PastRoutingConfig[] {
    return this.#entries(protocol).flatMap(({ value }) => value.past);
  }

  get(protocol: Protocol, pool: string): RoutingConfig | undefined {
    const entry = this.#options.store.get(configKey(protocol, pool));
    return entry && configOf(entry.value, entry.index);
  }

  /** Those that this control plane began. */
  trials(): Trial[] {
    return this.#entries(Protocol.UNSPECIFIED).flatMap(({ key, index, value: { canary } }) =>
      canary === undefined || this.#begun.get(key) !== index ? [] : [{ key, index, canary }],
    );
  }

  /** Checks and, unless only that was asked, commits. Throws Refusal INVALID, ALGORITHM_UNKNOWN, ETAG_MISMATCH, CONTENDED. */
  async update({ config: wanted, etag, validateOnly, canaryPlanes, traceparent }: ConfigUpdate): Promise<Updated> {
    const config = validateConfig(wanted);
    this.#checkPlanes(config);
    const canaryPlaneIds = this.#chooseCanaries(config, canaryPlanes);
    const key = configKey(config.protocol, config.pool);
    const index = await this.#write(key, (entry) => {
      const current = entry?.index ?? 0;
      if (etag !== '' && etag !== String(current)) throw etagMismatch(etag, current);
      if (validateOnly) return undefined;
      if (canaryPlaneIds.length === 0) return committed(config, traceparent, entry);
      if (entry === undefined) throw noConfig(config.protocol, config.pool);
      const canary = Canary.create({ config, planeIds: canaryPlaneIds, startedAt: this.#options.clock.date() });
      return { ...entry.value, traceparent, canary };
    });
    if (canaryPlaneIds.length > 0 && !validateOnly) this.#begun.set(key, index);
    return { config: { ...config, changedIndex: index }, canaryPlaneIds };
  }

  /**
   * Puts an older config in force again: the one that was committed at `toIndex`, or with 0 the one before. With 0 a canary that runs
   * is ended instead. Throws Refusal INVALID, CONFIG_UNKNOWN, ALGORITHM_UNKNOWN, CONTENDED.
   */
  async rollback(protocol: Protocol, pool: string, toIndex: number, traceparent: string): Promise<RoutingConfig> {
    requireScope('request', { protocol, pool });
    const key = configKey(protocol, pool);
    await this.#write(key, (entry) => {
      if (entry === undefined) throw noConfig(protocol, pool);
      if (toIndex === 0 && entry.value.canary !== undefined) return withoutCanary(entry, traceparent);
      const { past } = entry.value;
      const found = toIndex === 0 ? past[0] : past.find(({ config }) => config?.changedIndex === toIndex);
      if (found?.config === undefined) {
        const known = past.map(({ config }) => config?.changedIndex).join(', ') || 'none';
        throw new Refusal('CONFIG_UNKNOWN', `there is no older config ${toIndex || ''}; there are: ${known}`);
      }
      this.#checkPlanes(found.config);
      return committed({ ...found.config, changedIndex: 0 }, traceparent, entry);
    });
    const config = this.get(protocol, pool);
    if (config === undefined) throw noConfig(protocol, pool);
    return config;
  }

  /** Ends a trial: `accept` puts its config in force. Nothing happens when the trial is no longer the one given. */
  async endTrial({ key, index }: Trial, accept: boolean): Promise<void> {
    await this.#write(key, (entry) => {
      if (entry?.index !== index || entry.value.canary?.config === undefined) return undefined;
      const { traceparent, canary } = entry.value;
      return accept && canary.config ? committed(canary.config, traceparent, entry) : withoutCanary(entry, traceparent);
    });
  }

  /** Resolves to the index that the key then has. */
  async #write(key: string, decide: Decide): Promise<number> {
    const { store } = this.#options;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const entry = store.get(key);
      const value = decide(entry);
      if (value === undefined) return entry?.index ?? 0;
      const index = await store.compareAndSet(key, value, entry?.index ?? 0);
      if (index !== undefined) return index;
    }
    throw new Refusal('CONTENDED', 'the configuration changes faster than it can be written; try again');
  }

  #entries(protocol: Protocol): Entry[] {
    return [...this.#options.store.list(CONFIGS)]
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .filter(({ value, index }) => {
        return protocol === Protocol.UNSPECIFIED || configOf(value, index)?.protocol === protocol;
      });
  }

  /** Fewer planes than there are, by id; none when that would be all of them. */
  #chooseCanaries({ protocol }: RoutingConfig, wanted: number): string[] {
    const ids = this.#options.planes.connected(protocol).map(({ hello }) => hello.planeId);
    return wanted >= ids.length ? [] : ids.sort().slice(0, wanted);
  }

  #checkPlanes(config: RoutingConfig): void {
    const faults = this.#options.planes.connected(config.protocol).flatMap(({ hello }) => {
      const algorithm = hello.algorithms.find(({ name }) => name === config.algorithm);
      if (algorithm === undefined) return [`${hello.planeId} lacks the algorithm`];
      const unknown = [...config.parameters.keys()].filter((name) => !algorithm.parameters.includes(name));
      return unknown.length === 0 ? [] : [`${hello.planeId} lacks its parameter ${unknown.join(', ')}`];
    });
    if (faults.length === 0) return;
    throw new Refusal('ALGORITHM_UNKNOWN', `${config.algorithm} cannot be used: ${faults.join('; ')}`, {
      algorithm: config.algorithm,
    });
  }
}

/** The value that puts a config in force; what was in force before it joins the past. */
function committed(config: RoutingConfig, traceparent: string, entry: Entry | undefined): StoredValue {
  const current = entry && configOf(entry.value, entry.index);
  const past = [...(entry?.value.past ?? [])];
  if (current !== undefined) {
    past.unshift(PastRoutingConfig.create({ config: current, committedAt: entry?.value.committedAt }));
  }
  return StoredValue.create({
    traceparent,
    content: { $case: 'config', value: config },
    past: past.slice(0, MAX_PAST),
  });
}

function withoutCanary({ value }: Entry, traceparent: string): StoredValue {
  return { ...value, traceparent, canary: undefined };
}

function noConfig(protocol: Protocol, pool: string): Refusal {
  return new Refusal('CONFIG_UNKNOWN', `there is no config for ${protocol} and pool ${JSON.stringify(pool)} yet`);
}

function etagMismatch(etag: string, index: number): Refusal {
  const message = `the configuration has changed: expected etag ${index}, got ${etag}; read it again`;
  return new Refusal('ETAG_MISMATCH', message, { etag: String(index) });
}
