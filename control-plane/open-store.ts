import { randomUUID } from 'node:crypto';
import { ConsulAccess } from '../runtime/consul';
import { TriplaneError, messageOf } from '../runtime/errors';
import type { ProcessContext } from '../runtime/process-context';
import { ConsulStore } from './consul';
import { MemoryStore, type Store } from './store';

/** A store, and the way to Consul where anything needs it. */
export interface OpenedStore {
  readonly store: Store;
  /** Closed by whoever closes the store. */
  readonly consul: ConsulAccess | undefined;
}

/** The store that the configuration asks for, with a whole state in it. Throws STORE_UNREACHABLE, TOKEN_FILE, TLS_MATERIAL. */
export async function openStore({ config, clock, random, logger }: ProcessContext): Promise<OpenedStore> {
  const { store: kind, consul: settings } = config.control;
  const isNeeded = kind === 'consul' || config.control.import.length > 0;
  const consul = isNeeded ? new ConsulAccess({ settings, what: 'control.consul', clock, logger }) : undefined;
  if (kind === 'memory' || consul === undefined) return { store: new MemoryStore(randomUUID(), clock), consul };
  const store = new ConsulStore({
    client: consul.client(),
    prefix: `${settings.prefix}/`,
    clock,
    random,
    logger,
  });
  try {
    await store.open(settings.startTimeoutMs);
  } catch (error) {
    consul.close();
    throw new TriplaneError(
      'STORE_UNREACHABLE',
      `Consul at ${settings.address}: ${messageOf(error)}; start it, check control.consul.address and the token's rights`,
      { cause: error },
    );
  }
  return { store, consul };
}
