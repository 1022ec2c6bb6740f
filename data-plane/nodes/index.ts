/** Which nodes there are, and which may be used. */
export { DepartedNodes, lostIndexOf } from './departed-nodes';
export { Ejections, type EjectionScope } from './ejections';
export { LiveRegistry } from './live-registry';
export { NodeTable, type TableState } from './node-table';
export { DEFAULT_POOL, endpointOf, newNodeLive, toPlaneNode, type NodeLive, type PlaneNode } from './plane-node';
export { Pool } from './pool';
export { POOL_PARAMETERS, readPoolRules, type PoolRules } from './pool-rules';
export { rampedWeight, startRamps } from './slow-start';
export { compareVersions } from './version-order';
