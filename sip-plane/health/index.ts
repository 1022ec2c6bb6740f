/** How well nodes are, as their traffic shows it. */
export { NodeHealth, type HealthSettings } from './node-health';
export { NodeWatch } from './node-watch';
export { OverloadControl } from './overload-control';
