import { systemClock } from '../runtime/clock';
import type { ConsulSettings } from '../runtime/consul';
import { discoverControlPlanes, type ControlPlaneList } from '../runtime/discovery';
import { silentLogger } from '../runtime/logger';
import { systemRandom } from '../runtime/random';

/**
 * The control planes that a Consul agent shows, for `joinCluster`; the caller closes it after its agents. `fallback`: tried until Consul has
 * named some. Throws TOKEN_FILE, TLS_MATERIAL.
 */
export function followConsul(
  consul: ConsulSettings,
  fallback: readonly string[] = ['127.0.0.1:7700'],
): Promise<ControlPlaneList> {
  const shared = { clock: systemClock, random: systemRandom, logger: silentLogger() };
  return discoverControlPlanes({ ...shared, consul, fallback });
}
