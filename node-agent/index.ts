/** For application nodes: stay registered with the control planes, and only while the server answers. */
export { followConsul } from './follow-consul';
export { joinCluster, type JoinOptions } from './join-cluster';
export { startNodeAgent, type NodeAgent, type NodeAgentOptions } from './node-agent';
export { startProbedNode, type ProbedNode, type ProbedNodeOptions } from './probed-node';
