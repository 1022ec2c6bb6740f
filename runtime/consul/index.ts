/** Consul as Triplane uses it: the only room that knows its package. Services that do without it must not load this room. */
export { ConsulAccess, type ConsulAccessOptions, type ConsulSettings } from './consul-access';
export {
  type CatalogAnswer,
  type ConsulClient,
  type KvAnswer,
  type KvItem,
  type ServiceCheck,
  type ServiceInstance,
  type ServiceRegistration,
} from './consul-client';
export { ServiceEntry, type ServiceEntryOptions } from './service-entry';
export { ServiceWatch, type ServiceWatchOptions } from './service-watch';
export { WatchLoop, type WatchLoopOptions } from './watch-loop';
