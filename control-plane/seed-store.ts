import { randomBytes } from 'node:crypto';
import { Protocol, RoutingConfig, StoredValue, fromMs } from '../proto';
import type { ControlConfig } from '../runtime/config';
import { firstHintKey } from './hint-keys';
import { DEFAULT_POOL, SETTINGS_KEY, configKey, type Store } from './store';

/** Puts what the configuration says into a store that does not have it yet: the settings with a fresh hint key, one algorithm per protocol. */
export async function seedStore(store: Store, config: ControlConfig): Promise<void> {
  const hintKeys = [firstHintKey(() => randomBytes(32))];
  const settings = { leaseTtl: fromMs(config.lease.ttlMs), guardActive: false, hintKeys };
  await store.compareAndSet(SETTINGS_KEY, StoredValue.create({ content: { $case: 'settings', value: settings } }), 0);
  const { sip, http, smpp } = config.routing;
  for (const [protocol, { algorithm, parameters }] of [
    [Protocol.SIP, sip],
    [Protocol.HTTP, http],
    [Protocol.SMPP, smpp],
  ] as const) {
    const value = RoutingConfig.create({
      protocol,
      pool: DEFAULT_POOL,
      algorithm,
      parameters: new Map(Object.entries(parameters)),
    });
    await store.compareAndSet(
      configKey(protocol, DEFAULT_POOL),
      StoredValue.create({ content: { $case: 'config', value } }),
      0,
    );
  }
}
