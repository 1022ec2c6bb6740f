/** Which nodes there are, and which may be used. */
export { LiveRegistry } from './live-registry';
export { NodeTable, type Pool, type TableState } from './node-table';
export { DEFAULT_POOL, endpointOf, newNodeLive, toPlaneNode, type NodeLive, type PlaneNode } from './plane-node';
