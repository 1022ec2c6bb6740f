import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TriplaneError, messageOf } from '../runtime/errors';
import type { ControlConfig } from '../runtime/config';
import type { ProcessContext } from '../runtime/process-context';
import { ConsulStore, connectConsul, type ConsulClient } from './consul';
import { MemoryStore, type Store } from './store';

/** A store, and Consul where it is kept there. */
export interface OpenedStore {
  readonly store: Store;
  readonly consul: ConsulClient | undefined;
}

/** The store that the configuration asks for, with a whole state in it. Throws STORE_UNREACHABLE, CONFIG_FILE. */
export async function openStore({ config, clock, random, logger }: ProcessContext): Promise<OpenedStore> {
  const { store: kind, consul: settings } = config.control;
  if (kind === 'memory') return { store: new MemoryStore(randomUUID(), clock), consul: undefined };
  const [host, port] = split(settings.address);
  const token = tokenOf(settings);
  const client = connectConsul({ host, port, token });
  const store = new ConsulStore({ client, prefix: `${settings.prefix}/`, clock, random, logger });
  try {
    await store.open(settings.startTimeoutMs);
  } catch (error) {
    throw new TriplaneError(
      'STORE_UNREACHABLE',
      `Consul at ${settings.address}: ${messageOf(error)}; start it, check control.consul.address and the token's rights`,
      { cause: error },
    );
  }
  // The store's waiting call and short calls do not share a client: closing the store ends its own only.
  return { store, consul: connectConsul({ host, port, token }) };
}

function split(address: string): [string, number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))];
}

/** Never from the command line, where everybody could read it. */
function tokenOf({ tokenFile }: ControlConfig['consul']): string {
  if (tokenFile === undefined) return process.env['CONSUL_HTTP_TOKEN'] ?? '';
  try {
    return readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    throw new TriplaneError('CONFIG_FILE', `${tokenFile} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
