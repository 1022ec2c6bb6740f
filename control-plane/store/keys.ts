import type { Protocol } from '../../proto';

export const NODES = 'nodes/';
export const CONFIGS = 'configs/';
/** The cluster's settings. */
export const SETTINGS_KEY = 'settings';
/** What an empty pool name means. */
export const DEFAULT_POOL = 'default';

export function nodeKey(nodeId: string): string {
  return `${NODES}${nodeId}`;
}

/** The key of one protocol's routing config for a pool; an empty pool is the default one. */
export function configKey(protocol: Protocol, pool: string): string {
  return `${CONFIGS}${protocol}/${pool === '' ? DEFAULT_POOL : pool}`;
}
