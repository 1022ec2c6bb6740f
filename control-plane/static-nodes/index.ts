/** Nodes that stand in the configuration and are probed instead of registering. */
export { PORTS, type PortName } from './node-from-config';
export { startStaticNodes, type StaticNodesOptions } from './static-nodes';
