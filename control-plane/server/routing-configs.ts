import { Protocol, StoredValue, type RoutingConfig } from '../../proto';
import type { PlaneDirectory } from '../push';
import { Refusal, isName } from '../registry';
import { CONFIGS, DEFAULT_POOL, configKey, configOf, type Store } from '../store';

export interface ConfigUpdate {
  readonly config: RoutingConfig | undefined;
  /** The changed_index that the caller saw; '' for no check. */
  readonly etag: string;
  readonly validateOnly: boolean;
  readonly traceparent: string;
}

const MAX_PARAMETERS = 64;
const MAX_TEXT = 1024;
const MAX_TRIES = 10;

/** Which algorithm is in force for each protocol and pool, and the rules for changing it. */
export class RoutingConfigs {
  readonly #store: Store;
  readonly #planes: PlaneDirectory;

  constructor(store: Store, planes: PlaneDirectory) {
    this.#store = store;
    this.#planes = planes;
  }

  /** Sorted by protocol and pool; UNSPECIFIED: all protocols. */
  list(protocol: Protocol): RoutingConfig[] {
    return [...this.#store.list(CONFIGS)]
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .flatMap(({ value, index }) => configOf(value, index) ?? [])
      .filter((config) => protocol === Protocol.UNSPECIFIED || config.protocol === protocol);
  }

  get(protocol: Protocol, pool: string): RoutingConfig | undefined {
    const entry = this.#store.get(configKey(protocol, pool));
    return entry && configOf(entry.value, entry.index);
  }

  /** Checks and, unless only that was asked, commits. Throws Refusal INVALID, ALGORITHM_UNKNOWN, ETAG_MISMATCH, CONTENDED. */
  async update({ config: wanted, etag, validateOnly, traceparent }: ConfigUpdate): Promise<RoutingConfig> {
    const config = validate(wanted);
    this.#checkPlanes(config);
    const key = configKey(config.protocol, config.pool);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const index = this.#store.get(key)?.index ?? 0;
      if (etag !== '' && etag !== String(index)) throw etagMismatch(etag, index);
      if (validateOnly) return { ...config, changedIndex: index };
      const value = StoredValue.create({ traceparent, content: { $case: 'config', value: config } });
      const committed = await this.#store.compareAndSet(key, value, index);
      if (committed !== undefined) return { ...config, changedIndex: committed };
    }
    throw new Refusal('CONTENDED', 'the configuration changes faster than it can be written; try again');
  }

  #checkPlanes(config: RoutingConfig): void {
    const faults = this.#planes.connected(config.protocol).flatMap(({ hello }) => {
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

function validate(config: RoutingConfig | undefined): RoutingConfig {
  if (config === undefined) throw invalid('config', 'a routing config', 'none');
  const { protocol, pool, algorithm, parameters, panicThresholdPercent: panic } = config;
  if (protocol === Protocol.UNSPECIFIED || protocol === Protocol.UNRECOGNIZED) {
    throw invalid('config.protocol', 'SIP, HTTP or SMPP', protocol);
  }
  if (pool !== '' && !isName(pool)) throw invalid('config.pool', 'a pool name of A-Z a-z 0-9 . _ -', pool);
  if (!isName(algorithm)) throw invalid('config.algorithm', 'the name of an algorithm', JSON.stringify(algorithm));
  if (parameters.size > MAX_PARAMETERS)
    throw invalid('config.parameters', `at most ${MAX_PARAMETERS}`, parameters.size);
  for (const [name, value] of parameters) {
    if (name.length <= MAX_TEXT && value.length <= MAX_TEXT) continue;
    throw invalid('config.parameters', `names and values of at most ${MAX_TEXT} characters`, 'a longer one');
  }
  if (panic !== undefined && panic > 100) throw invalid('config.panic_threshold_percent', '0-100', panic);
  return { ...config, pool: pool === '' ? DEFAULT_POOL : pool, changedIndex: 0 };
}

function invalid(field: string, expected: string, got: unknown): Refusal {
  return new Refusal('INVALID', `${field}: expected ${expected}, got ${String(got)}`, { field });
}

function etagMismatch(etag: string, index: number): Refusal {
  return new Refusal(
    'ETAG_MISMATCH',
    `the configuration has changed: expected etag ${index}, got ${etag}; read it again`,
    {
      etag: String(index),
    },
  );
}
