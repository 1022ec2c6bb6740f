import { announce } from '../runtime/discovery';
import type { ProcessContext } from '../runtime/process-context';
import { productVersion } from '../runtime/version';
import type { CoreOptions } from './start-core';

/**
 * Puts a plane into Consul's catalog; the result takes it out. Its check is the page that says whether it has a state to serve from. Of
 * several workers, behind one such page, the first speaks for all. `bound`: where the admin pages really are.
 */
export async function announcePlane(
  { config: { cluster }, clock, logger, worker }: ProcessContext,
  { planeId, service, admin: pages }: CoreOptions,
  bound: string | undefined,
): Promise<() => Promise<void>> {
  if (service === undefined || (worker?.index ?? 1) !== 1) return async () => undefined;
  const { name, host, port } = service;
  const admin = bound ?? `${pages.host.includes(':') ? `[${pages.host}]` : pages.host}:${pages.port}`;
  return announce({
    cluster,
    clock,
    logger,
    registration: {
      name,
      id: `${name}-${planeId}`,
      host: host === '0.0.0.0' || host === '::' ? '' : host,
      port,
      meta: { plane_id: planeId, version: productVersion(), admin },
      check: { http: `http://${admin.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')}/readyz` },
    },
  });
}
