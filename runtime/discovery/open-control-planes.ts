import type { Clock } from '../clock';
import type { ClusterConfig } from '../config';
import type { Logger } from '../logger';
import type { Random } from '../random';
import { discoverControlPlanes, fixedControlPlanes, type ControlPlaneList } from './control-plane-list';

/** The control planes that a configuration names: those that Consul shows, or `controlPlanes`. Throws TOKEN_FILE, TLS_MATERIAL. */
export async function openControlPlanes(
  { consul, controlPlanes }: ClusterConfig,
  shared: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
): Promise<ControlPlaneList> {
  if (consul?.discover !== true) return fixedControlPlanes(controlPlanes);
  return discoverControlPlanes({ ...shared, consul, fallback: controlPlanes });
}
