/** What control planes agree on: nodes, routing configs and settings, in one order. */
export { configOf, nodeOf, recordOf, settingsOf } from './content';
export { CONFIGS, DEFAULT_POOL, NODES, SETTINGS_KEY, configKey, nodeKey } from './keys';
export { MemoryStore } from './memory-store';
export { StoreUnavailable, type Commit, type CommitListener, type Entry, type Store } from './store';
