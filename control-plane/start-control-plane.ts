import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { AdminServiceService, NodeServiceService, NodeState, PeerServiceService, PlaneServiceService } from '../proto';
import { startAdminHttp } from '../runtime/admin-http';
import { createServer, isLoopback, listen, stopServer } from '../runtime/grpc';
import type { ProcessContext } from '../runtime/process-context';
import { ProcessMeter } from '../runtime/process-meter';
import type { Service } from '../runtime/service';
import { productVersion } from '../runtime/version';
import { Doors, type Door } from './access';
import { createControlCore, type ControlCore } from './control-core';
import { JsonHeartbeats, listenForJson, sendStopPackets } from './heartbeat';
import { adminService, nodeService, peerService, planeService } from './server';
import { DASHBOARD, DASHBOARD_POLICY, lbinfo, lbstat } from './stats';

const GRACE_MS = 2000;
const SERVED = ['', 'triplane.v1.NodeService', 'triplane.v1.PlaneService'];

/**
 * The control plane: gRPC for nodes and planes (`grpc`), for operators (`admin`), its HTTP face (`http`), and where configured
 * the predecessor's JSON heartbeat (`heartbeat`).
 * Throws ADDRESS_…, INSECURE_REFUSED, TLS_MATERIAL and TOKEN_FILE.
 */
export async function startControlPlane(context: ProcessContext): Promise<Service> {
  const core = await createControlCore(context);
  const doors = await openDoors(core);
  const { insecure } = context.config.cluster;
  const { grpc, admin, http, jsonHeartbeat } = core.config;
  const health = new HealthImplementation(Object.fromEntries(SERVED.map((name) => [name, 'SERVING'])));
  const main = createServer(doors.grpc.interceptors);
  main.addService(NodeServiceService, nodeService(core));
  main.addService(PlaneServiceService, planeService(core));
  main.addService(PeerServiceService, peerService(core));
  health.addToServer(main);
  const operators = createServer(doors.admin.interceptors);
  operators.addService(AdminServiceService, adminService(core));
  const opened: Service[] = [];
  const open = async (
    name: string,
    what: string,
    server: Server,
    { tls, authenticated }: Door,
    { host, port }: { host: string; port: number },
  ): Promise<void> => {
    const address = await listen(server, { what, host, port, insecure, tls, authenticated });
    if (!authenticated && !isLoopback(host))
      core.logger.warn({ what, address }, 'everybody who reaches this port may do all');
    opened.push({ addresses: { [name]: address }, close: () => stopServer(server, GRACE_MS) });
  };
  const stopServing = (): void => {
    for (const name of SERVED) health.setStatus(name, 'NOT_SERVING');
  };
  context.operator?.onStop(stopServing);
  const close = async (): Promise<void> => {
    stopServing();
    doors.close();
    core.streams.close();
    await Promise.all(opened.map((service) => service.close()));
    await core.close();
  };
  try {
    await open('grpc', 'control plane gRPC', main, doors.grpc, grpc);
    await open('admin', 'control plane admin gRPC', operators, doors.admin, admin);
    opened.push(await startPages(core, http, context.operator));
    const bound = opened[0]?.addresses['grpc'] ?? '';
    await core.join({
      host: grpc.host,
      port: Number(bound.slice(bound.lastIndexOf(':') + 1)),
      admin: opened[1]?.addresses['admin'] ?? '',
    });
    if (jsonHeartbeat.port !== null)
      opened.push(await startJsonHeartbeat(core, jsonHeartbeat.host, jsonHeartbeat.port));
  } catch (error) {
    await close();
    throw error;
  }
  const addresses = Object.assign({}, ...opened.map((service) => service.addresses)) as Service['addresses'];
  return { addresses, close };
}

async function openDoors(core: ControlCore): Promise<Doors> {
  try {
    return new Doors({ ...core, leaseOwner: (leaseId) => core.registry.holderOf(leaseId) });
  } catch (error) {
    await core.close();
    throw error;
  }
}

/** At its end it takes no packet any more, then tells the nodes. */
async function startJsonHeartbeat(core: ControlCore, host: string, port: number): Promise<Service> {
  const { registry, sessions, counters, logger, config } = core;
  const moveSessions = (from: string, to: string): void => sessions.move(from, to);
  const { drainTimeoutMs } = config;
  const heartbeats = new JsonHeartbeats({ registry, moveSessions, counters, logger, drainTimeoutMs });
  const { addresses, close } = await listenForJson(heartbeats, { host, port });
  const at = addresses['heartbeat'] ?? '';
  const self = { host, port: Number(at.slice(at.lastIndexOf(':') + 1)) };
  return {
    addresses,
    async close() {
      await close();
      await sendStopPackets(heartbeats.stopTargets(), { self, counters, logger });
    },
  };
}

function startPages(
  core: ControlCore,
  at: { host: string; port: number },
  operator: ProcessContext['operator'],
): Promise<Service> {
  const { counters, registry, hub, overview, clock, streams } = core;
  const meter = new ProcessMeter(clock);
  const version = productVersion();
  return startAdminHttp({
    what: 'control plane HTTP',
    ...at,
    counters,
    operator,
    front: { html: DASHBOARD, policy: DASHBOARD_POLICY },
    readiness: () => {
      const problems = streams.closing ? ['shutting down'] : core.isCutOff() ? ['cut off from Consul'] : [];
      return { ready: problems.length === 0, problems };
    },
    pages: {
      '/lbstat': () =>
        lbstat({
          stats: overview.stats(),
          activeNodes: registry.list().filter(({ node }) => node.state === NodeState.ACTIVE).length,
          version,
          cpuPercent: meter.cpuPercent(),
          heapBytes: meter.heapBytes(),
        }),
      '/lbinfo': () =>
        lbinfo({
          nodes: registry.list(),
          planes: overview.planes(),
          revision: hub.revision,
          guardActive: registry.guardActive,
          missingControlPlanes: overview.missing,
          now: clock.date(),
        }),
    },
  });
}
