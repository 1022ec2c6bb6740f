/** For application nodes: stay registered with the control planes. */
export { startNodeAgent, type NodeAgent, type NodeAgentOptions } from './node-agent';
