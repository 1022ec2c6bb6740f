/** What every plane is built from: the cluster's state, the choice of a node, health and figures. */
export {
  AlgorithmCatalog,
  rendezvous,
  type Algorithm,
  type AlgorithmDeps,
  type AlgorithmFactory,
  type SelectionContext,
} from './algorithms';
export { Balancer, type BalancerOptions } from './balancer';
export { hashText, mix32, unitInterval, type Hash64 } from './hash';
export {
  DEFAULT_POOL,
  LiveRegistry,
  NodeTable,
  endpointOf,
  newNodeLive,
  toPlaneNode,
  type NodeLive,
  type PlaneNode,
  type Pool,
  type TableState,
} from './nodes';
export { type PlaneCore, type TableListener } from './plane-core';
export { startPlaneCore, type CoreOptions, type RunningCore } from './start-core';
