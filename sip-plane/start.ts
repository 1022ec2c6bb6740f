import { hostname } from 'node:os';
import { startPlaneCore } from '../data-plane';
import { Protocol } from '../proto';
import type { SipConfig } from '../runtime/config';
import type { ProcessContext } from '../runtime/process-context';
import type { Service } from '../runtime/service';
import { createSipPlane } from './plane';

/** Starts the SIP plane of a process: subscribes to the control plane, serves the admin pages, then opens the SIP listeners. */
export async function startSipPlane(context: ProcessContext): Promise<Service> {
  const config = context.config.sip;
  const core = await startPlaneCore(context, {
    protocol: Protocol.SIP,
    planeId: config.planeId ?? `sip-${hostname()}`,
    admin: config.admin,
    service: { name: 'triplane-sip-plane', host: config.external.host, port: mainPort(config) },
  });
  try {
    const plane = await createSipPlane(core, config, { worker: context.worker });
    return {
      addresses: { ...core.addresses, ...plane.addresses },
      close: async () => {
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

/** The port that others find in a catalog. */
function mainPort({ external: { udpPort, tcpPort, tlsPort, wsPort, wssPort } }: SipConfig): number {
  return udpPort ?? tcpPort ?? tlsPort ?? wsPort ?? wssPort ?? 0;
}
