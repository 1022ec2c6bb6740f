import { hostname } from 'node:os';
import { startPlaneCore } from '../data-plane';
import { Protocol } from '../proto';
import type { ProcessContext } from '../runtime/process-context';
import type { Service } from '../runtime/service';
import { createSmppPlane, type SmppPlane } from './plane';

/** The SMPP plane with its core: subscribed to the control plane, with figures and health. `addresses`: `smpp` and the core's. */
export async function startSmppPlane(context: ProcessContext): Promise<Service> {
  const { smpp } = context.config;
  const core = await startPlaneCore(context, {
    protocol: Protocol.SMPP,
    planeId: smpp.planeId ?? `smpp-${hostname()}`,
    admin: smpp.admin,
    service: { name: 'triplane-smpp-plane', ...smpp.listen },
  });
  let plane: SmppPlane;
  try {
    plane = await createSmppPlane(core, smpp);
  } catch (error) {
    await core.close();
    throw error;
  }
  const live = ['smpp.remoteServers', 'smpp.remoteServersTls'];
  const unfollow = context.liveConfig?.follow(live, (config) => plane.useRemoteServers(config.smpp));
  return {
    addresses: { ...core.addresses, ...plane.addresses },
    async close() {
      unfollow?.();
      core.stopBeingReady();
      await plane.close();
      await core.close();
    },
  };
}
