/** Which nodes the plane's own traffic finds in trouble. */
export { NodeHealth, type NodeHealthDeps } from './node-health';
