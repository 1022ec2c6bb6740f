import { randomBytes, randomUUID } from 'node:crypto';
import { NodeState } from '../proto';
import type { ConsulAccess } from '../runtime/consul';
import { Counters } from '../runtime/counters';
import type { ProcessContext } from '../runtime/process-context';
import { RateLimiter } from './access';
import { SipHeartbeats } from './heartbeat';
import { ServiceImport } from './imports';
import { Overview, progressElsewhere } from './peers';
import { PushHub } from './push';
import { Registry, type PlaneProgress } from './registry';
import { CanaryWatch, RoutingConfigs } from './routing';
import { seedStore } from './seed-store';
import { HintKeyRotation } from './hint-keys';
import { openStore } from './open-store';
import { LogLevels, OpenStreams, type ServiceContext } from './server';
import { SessionRequests, SessionTable } from './sessions';
import { startStaticNodes } from './static-nodes';
import { SharedCluster, type ListenAddresses } from './shared-cluster';
import { StatsAggregator } from './stats';

/** The control plane without its listeners. */
export interface ControlCore extends ServiceContext {
  /** Makes itself known to the other control planes, as reachable there. */
  join(at: ListenAddresses): Promise<void>;
  close(): Promise<void>;
}

const STALE_INTERVALS = 5;
const MIN_STALE_MS = 10_000;
const MAX_PINNED_KEYS = 200_000;
const CANARY_CHECK_MS = 500;
const KEY_CHECK_MS = 10_000;

/** Puts the rooms together over the store of the configuration and starts the lease sweep. Throws STORE_UNREACHABLE. */
export async function createControlCore(context: ProcessContext): Promise<ControlCore> {
  const { clock, logger, telemetry } = context;
  const config = context.config.control;
  const counters = new Counters();
  const { store, consul } = await openStore(context);
  await seedStore(store, config);
  const cluster = new SharedCluster({
    store,
    consul: config.store === 'consul' ? consul : undefined,
    clock,
    counters,
    logger,
    id: context.incarnation,
    secure: config.grpc.tls !== undefined,
    dial: context.config.cluster,
    advertise: config.consul.advertise,
  });
  const staleMs = Math.max(MIN_STALE_MS, STALE_INTERVALS * config.statsIntervalMs);
  const stats = new StatsAggregator({ clock, staleMs });
  const startGraceMs = config.startGraceMs ?? config.lease.ttlMs;
  const hub = new PushHub({ store, clock, logger, startGraceMs });
  const registry = new Registry({
    store,
    clock,
    logger,
    counters,
    lease: config.lease,
    guard: config.guard,
    newLeaseId: randomUUID,
    holderId: context.incarnation,
    isHolderAlive: (id) => cluster.isAlive(id),
    planes: () => [...progressOf(hub, stats), ...elsewhere(cluster)],
  });
  const overview = new Overview({ hub, stats, views: () => cluster.views, missing: () => cluster.missing });
  const configs = new RoutingConfigs({ store, planes: hub.planes, clock });
  const canaries = new CanaryWatch({
    configs,
    planes: hub.planes,
    clock,
    logger,
    windowMs: config.canaryWindowMs,
    trafficOf: (planeId) => stats.of(planeId)?.traffic() ?? { requests: 0, failures: 0 },
  });
  const sessionTable = new SessionTable({ store, clock, maxKeys: MAX_PINNED_KEYS });
  const sessions = new SessionRequests(sessionTable, registry);
  const sipHeartbeats = new SipHeartbeats({ registry, counters, logger, drainTimeoutMs: config.drainTimeoutMs });
  const stopStaticNodes = startStaticNodes({ nodes: config.nodes, registry, clock, logger });
  const imports = startImports(consul, { registry, context });
  const hintKeys = new HintKeyRotation({
    store,
    clock,
    logger,
    counters,
    everyMs: config.hintKeyHours * 3_600_000,
    newSecret: () => randomBytes(32),
  });
  const timers = [
    clock.every(registry.sweepIntervalMs, () => registry.sweep()),
    clock.every(CANARY_CHECK_MS, () => canaries.check()),
    clock.every(KEY_CHECK_MS, () => void hintKeys.check()),
  ];
  const core = {
    config,
    store,
    registry,
    hub,
    stats,
    overview,
    configs,
    sessionTable,
    sessions,
    sipHeartbeats,
    logLevels: new LogLevels(logger, hub.planes),
    registrations: new RateLimiter({ ...config.registration, clock }),
    clock,
    counters,
    logger,
    telemetry,
  };
  addGauges(core);
  const streams = new OpenStreams(logger);
  const join = (at: ListenAddresses): Promise<void> => cluster.join(at, { registry, streams, table: sessionTable });
  const close = async (): Promise<void> => {
    sessionTable.close();
    stopStaticNodes();
    await Promise.all(imports.map((one) => one.close()));
    for (const timer of timers) timer.cancel();
    await cluster.close();
    consul?.close();
  };
  return { ...core, streams, isCutOff: () => cluster.isCutOff(), isBehind: () => cluster.isBehind(), join, close };
}

function startImports(
  consul: ConsulAccess | undefined,
  { registry, context: { config, ...shared } }: { registry: Registry; context: ProcessContext },
): ServiceImport[] {
  if (consul === undefined) return [];
  return config.control.import.map(
    (one) => new ServiceImport({ ...shared, config: one, client: consul.client(), registry }),
  );
}

/** Planes at other control planes. Where one of those says nothing, its planes may have sessions: a drain then waits for its deadline. */
function elsewhere({ views, missing }: SharedCluster): PlaneProgress[] {
  const silent = { answeredIndex: 0, reportedAtMs: Number.NEGATIVE_INFINITY, sessionsOf: () => 0 };
  return [...progressElsewhere(views), ...missing.map((key) => ({ key, ...silent }))];
}

/** What drains must know of the connected planes. */
function progressOf(hub: PushHub, stats: StatsAggregator): PlaneProgress[] {
  return hub.planes.connected().map(({ hello: { planeId, incarnation }, answeredIndex }) => {
    const figures = stats.of(planeId);
    const reporting = figures?.incarnation === incarnation;
    return {
      key: `${planeId}/${incarnation}`,
      answeredIndex,
      reportedAtMs: reporting ? figures.reportedAtMs : Number.NEGATIVE_INFINITY,
      sessionsOf: (nodeId: string) => figures?.sessionsOf(nodeId) ?? 0,
    };
  });
}

function addGauges({
  counters,
  registry,
  hub,
  store,
  sessionTable,
}: Pick<ServiceContext, 'counters' | 'registry' | 'hub' | 'store' | 'sessionTable'>): void {
  counters.gauge('control.nodes', () => registry.size);
  for (const state of [NodeState.ACTIVE, NodeState.DRAINING, NodeState.SUSPECT, NodeState.MAINTENANCE]) {
    const name = state.replace('NODE_STATE_', '').toLowerCase();
    counters.gauge(`control.nodes.${name}`, () => registry.list().filter(({ node }) => node.state === state).length);
  }
  counters.gauge('control.planes.connected', () => hub.planes.connected().length);
  counters.gauge('control.planes.lagging', () => hub.planes.connected().filter(({ lagging }) => lagging).length);
  counters.gauge('control.guard.active', () => (registry.guardActive ? 1 : 0));
  counters.gauge('control.sessions.pinned', () => sessionTable.size);
  counters.gauge('control.revision', () => store.index);
}
