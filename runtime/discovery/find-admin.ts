import { hostOf, isLoopback } from '../grpc';
import type { Clock } from '../clock';
import type { ConsulSettings } from '../consul';
import type { Logger } from '../logger';
import { CONTROL_PLANE_SERVICE } from './control-plane-list';

/** The key under which a control plane's entry in Consul has `host:port` of its admin service. */
export const ADMIN_META = 'admin';

/**
 * An admin service that can be reached from here, by Consul; undefined: it shows none. One on a loopback address counts only where the whole
 * control plane is on one. Rejects with what went wrong.
 */
export async function findAdmin(
  settings: ConsulSettings,
  shared: { readonly clock: Clock; readonly logger: Logger },
): Promise<string | undefined> {
  const { ConsulAccess } = await import('../consul');
  const access = new ConsulAccess({ settings, what: 'cluster.consul', ...shared });
  const client = access.client();
  try {
    const { instances } = await client.instances(CONTROL_PLANE_SERVICE, 0, 0);
    const well = instances.filter((instance) => instance.well);
    return well.flatMap(({ host, meta }) => reachable(host, meta[ADMIN_META]))[0];
  } finally {
    client.close();
    access.close();
  }
}

function reachable(host: string, admin: string | undefined): string[] {
  if (admin === undefined) return [];
  return isLoopback(hostOf(admin)) && !isLoopback(host) ? [] : [admin];
}
