/** Running services: one as this process, or all of them as children of this one. */
export { runService } from './run-service';
export type { ServiceName } from './service-list';
export { Topology, type Addresses, type TopologyOptions } from './topology';
export { up } from './up';
