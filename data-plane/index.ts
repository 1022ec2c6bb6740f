/** What every plane is built from: the cluster's state, the choice of a node, health and figures. */
export {
  AlgorithmCatalog,
  BUILT_IN,
  loadAlgorithms,
  rendezvous,
  type Algorithm,
  type AlgorithmDeps,
  type AlgorithmFactory,
  type SelectionContext,
} from './algorithms';
export { Assignments } from './assignments';
export { Balancer, type BalancerOptions } from './balancer';
export { hashText, mix32, type Hash64 } from './hash';
export {
  DEFAULT_POOL,
  LiveRegistry,
  NodeTable,
  Pool,
  compareVersions,
  endpointOf,
  newNodeLive,
  toPlaneNode,
  type EjectionScope,
  type NodeLive,
  type PlaneNode,
  type TableState,
} from './nodes';
export { LinearPattern, type PatternOptions } from './pattern';
export { type PlaneCore, type TableListener } from './plane-core';
export { PoolAssignments, type TakenAssignment } from './pool-assignments';
export { startPlaneCore, type CoreOptions, type RunningCore } from './start-core';
export { RecentTable } from './recent-table';
