/** Which algorithm is in force: validation, trial at some planes, return to an older one. */
export { CanaryWatch, type CanaryWatchOptions } from './canary-watch';
export { RoutingConfigs, type ConfigUpdate } from './routing-configs';
