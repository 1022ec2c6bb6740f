/** How a node is chosen: pure functions of key, nodes and clock, one file each. */
export { type Algorithm, type AlgorithmDeps, type AlgorithmFactory, type SelectionContext } from './algorithm';
export { AlgorithmCatalog, BUILT_IN } from './catalog';
export { loadAlgorithms, type LoadOptions } from './load-algorithms';
export { rendezvous } from './rendezvous';
export { RoundRobin } from './round-robin';
