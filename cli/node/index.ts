/** `triplane node`: a sidecar that keeps a node registered. */
export { nodeOf, type NodeOptions } from './node-options';
export { runNode, type RunNodeOptions } from './run-node';
