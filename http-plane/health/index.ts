/** Which nodes the plane's own traffic and checks find in trouble. */
export { ActiveChecks, type ActiveChecksDeps, type CheckSettings } from './active-checks';
export { NodeHealth, type NodeHealthDeps } from './node-health';
