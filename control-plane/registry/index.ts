/** Which nodes there are, and which live: registration, leases, drains, the mass-removal guard. */
export { type PlaneProgress } from './drains';
export { type Lease } from './lease-table';
export { IMPORTED, type PlacedSource } from './record-state';
export { Refusal, type RefusalReason } from './refusal';
export { Registry, type NodeView, type Registration, type RegistryOptions } from './registry';
export { isName } from './validate-node';
