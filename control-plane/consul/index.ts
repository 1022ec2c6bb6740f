/** What several control planes share in Consul, and how they find each other. */
export { ConsulStore, type ConsulStoreOptions } from './consul-store';
export { Peers, type Peer, type PeersOptions } from './peers';
