import { startPlaneCore, type PlaneCore } from '../data-plane';
import { Protocol } from '../proto';
import { hostname } from 'node:os';
import type { HttpConfig } from '../runtime/config';
import type { ProcessContext } from '../runtime/process-context';
import type { Service } from '../runtime/service';
import { AccessLog } from './access-log';
import { UnavailableHost } from './forward';
import { HttpFigures } from './figures';
import { ActiveChecks, NodeHealth } from './health';
import { startWireForwarder } from './wire';
import { UrlRewriter } from './rewrite';
import { Router } from './routing';

/** How long requests in flight may still take when the plane closes, ms. */
const CLOSE_GRACE_MS = 5000;

/** The HTTP plane on a core that somebody else runs. Addresses: `http`. Throws listen errors. */
export async function createHttpPlane(core: PlaneCore, config: HttpConfig): Promise<Service> {
  const router = new Router(core, config);
  const figures = new HttpFigures(core.counters);
  const health = new NodeHealth(config, {
    balancer: core.balancer,
    nodeCount: () => core.table.nodes.length,
    clock: core.clock,
    logger: core.logger,
    counters: core.counters,
  });
  const { clock, logger, counters } = core;
  const accessLog = config.accessLog && new AccessLog({ ...config.accessLog, clock, logger, counters });
  const { balancer } = core;
  const checks =
    config.check && new ActiveChecks(config.check, { balancer, table: () => core.table, clock, logger, counters });
  const unavailableHost = new UnavailableHost(config, core);
  const rewriter = new UrlRewriter(config.rewrite);
  const options = { core, config, router, figures, health, rewriter, unavailableHost, accessLog };
  const closeRest = async (): Promise<void> => {
    checks?.close();
    unavailableHost.close();
    await accessLog?.close();
  };
  try {
    const forwarder = await startWireForwarder(options);
    let closing: Promise<void> | undefined;
    return {
      addresses: forwarder.addresses,
      close: () => (closing ??= forwarder.close(CLOSE_GRACE_MS).then(closeRest)),
    };
  } catch (error) {
    await closeRest();
    throw error;
  }
}

/** The whole HTTP plane as one process runs it: subscribed, reporting, with its admin pages. */
export async function startHttpPlane(context: ProcessContext): Promise<Service> {
  const config = context.config.http;
  const core = await startPlaneCore(context, {
    protocol: Protocol.HTTP,
    planeId: config.planeId ?? `http-${hostname()}`,
    admin: config.admin,
    service: { name: 'triplane-http-plane', ...config.listen },
  });
  try {
    const plane = await createHttpPlane(core, config);
    return {
      addresses: { ...core.addresses, ...plane.addresses },
      async close() {
        core.stopBeingReady();
        await plane.close();
        await core.close();
      },
    };
  } catch (error) {
    await core.close();
    throw error;
  }
}
