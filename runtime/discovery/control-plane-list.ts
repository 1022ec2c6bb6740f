import type { Clock } from '../clock';
import type { ConsulSettings, ServiceInstance, ServiceWatch } from '../consul';
import type { Logger } from '../logger';
import type { Random } from '../random';

/** Where control planes are; it may change at any time and is never empty. */
export interface ControlPlaneList {
  /** gRPC addresses, `host:port`. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export interface DiscoveryOptions {
  /** How the Consul agent is reached. */
  readonly consul: ConsulSettings;
  /** Tried until Consul has named a control plane; at least one. */
  readonly fallback: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What control planes are called in Consul. */
export const CONTROL_PLANE_SERVICE = 'triplane-control-plane';

/** Control planes that do not change. */
export function fixedControlPlanes(addresses: readonly string[]): ControlPlaneList {
  return { addresses, close: async () => undefined };
}

/**
 * Follows the control planes that Consul shows as well; while it shows none, or is away, those of before stay.
 * Throws TOKEN_FILE, TLS_MATERIAL.
 */
export async function discoverControlPlanes(options: DiscoveryOptions): Promise<ControlPlaneList> {
  // Loaded only here: services with a fixed list do without the package.
  const { ConsulAccess, ServiceWatch } = await import('../consul');
  const { consul: settings, fallback, logger } = options;
  const access = new ConsulAccess({ ...options, settings, what: 'cluster.consul' });
  let addresses: readonly string[] = fallback;
  const watch: ServiceWatch = new ServiceWatch({
    ...options,
    client: access.client(),
    service: CONTROL_PLANE_SERVICE,
    onInstances(instances) {
      const found = wellAddresses(instances);
      if (found.length === 0 || found.join() === addresses.join()) return;
      addresses = found;
      logger.info({ controlPlanes: found }, 'control planes found in Consul');
    },
  });
  return {
    get addresses() {
      return addresses;
    },
    async close() {
      await watch.close();
      access.close();
    },
  };
}

function wellAddresses(instances: readonly ServiceInstance[]): string[] {
  return instances
    .filter(({ well }) => well)
    .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
}
