/** What several control planes share, and how they find each other: the only room that knows Consul. */
export {
  connectConsul,
  type ConsulClient,
  type ConsulOptions,
  type KvAnswer,
  type KvItem,
  type ServiceInstance,
  type ServiceRegistration,
} from './consul-client';
export { ConsulStore, type ConsulStoreOptions } from './consul-store';
export { Peers, SERVICE_NAME, type PeersOptions } from './peers';
