/** How processes find control planes: a fixed list, or Consul. Loads Consul's client only where it is asked for. */
export { announce, type AnnounceOptions } from './announce';
export {
  CONTROL_PLANE_SERVICE,
  discoverControlPlanes,
  fixedControlPlanes,
  type ControlPlaneList,
  type DiscoveryOptions,
} from './control-plane-list';
export { ControlPlaneRing, type ControlPlaneRingOptions } from './control-plane-ring';
export { ADMIN_META, findAdmin } from './find-admin';
export { openControlPlanes } from './open-control-planes';
