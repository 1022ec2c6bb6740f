/** The commands that ask or tell the control plane's admin service. */
export {
  algorithmHistory,
  getAlgorithm,
  rollbackAlgorithm,
  setAlgorithm,
  type RollbackOptions,
  type SetAlgorithmOptions,
} from './algorithm';
export { setLogLevel } from './log-level';
export { drainNode, removeNode, resumeNode } from './node-actions';
export { listNodes, type ListNodesOptions } from './nodes';
export { listPlanes } from './planes';
export { showStats, type ShowStatsOptions } from './stats';
