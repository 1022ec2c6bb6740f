import type { Clock } from '../clock';
import type { ClusterConfig } from '../config';
import type { ServiceRegistration } from '../consul';
import type { Logger } from '../logger';

export interface AnnounceOptions {
  readonly cluster: ClusterConfig;
  readonly registration: ServiceRegistration;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Puts a service into Consul's catalog where the configuration says so; the result takes it out. Throws TOKEN_FILE, TLS_MATERIAL. */
export async function announce({ cluster, ...options }: AnnounceOptions): Promise<() => Promise<void>> {
  const { consul } = cluster;
  if (consul?.register !== true) return async () => undefined;
  const { ConsulAccess, ServiceEntry } = await import('../consul');
  const access = new ConsulAccess({ ...options, settings: consul, what: 'cluster.consul' });
  const entry = new ServiceEntry({ ...options, client: access.client() });
  return async () => {
    await entry.close();
    access.close();
  };
}
