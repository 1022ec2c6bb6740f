import { AlgorithmDescriptor, type Protocol } from '../proto';
import { startAdminHttp } from '../runtime/admin-http';
import { Counters } from '../runtime/counters';
import { openControlPlanes } from '../runtime/discovery';
import type { ProcessContext } from '../runtime/process-context';
import { logLevelOf } from '../runtime/log-level';
import type { Logger } from '../runtime/logger';
import { ProcessMeter } from '../runtime/process-meter';
import type { Readiness } from '../runtime/service';
import { productVersion } from '../runtime/version';
import { ControlLink, EMPTY_STATE, LastGood, Replica, SignalQueue } from './agent';
import { AlgorithmCatalog, BUILT_IN, loadAlgorithms } from './algorithms';
import { announcePlane } from './announce-plane';
import { Assignments } from './assignments';
import { Balancer } from './balancer';
import { LiveRegistry, NodeTable, type TableState } from './nodes';
import type { PlaneCore, TableListener } from './plane-core';

export interface CoreOptions {
  readonly protocol: Protocol;
  /** Stable name of this plane; its workers are planes `<planeId>.w1` and so on. */
  readonly planeId: string;
  /** Where `/healthz`, `/readyz` and `/metrics` are served. */
  readonly admin: { readonly host: string; readonly port: number };
  /** Where it takes traffic, for Consul's catalog; absent: it is not registered there. */
  readonly service?: { readonly name: string; readonly host: string; readonly port: number };
}

/** A core that subscribes to the control plane, reports figures and serves the admin pages; closed by whoever started it. */
export interface RunningCore extends PlaneCore {
  /** `admin`: `host:port`; a worker has none, its supervisor serves the pages. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The plane is about to stop: `/readyz` answers 503 from here on, so that whoever watches it goes elsewhere while old work is finished. */
  stopBeingReady(): void;
  close(): Promise<void>;
}

/**
 * Starts the core of a plane from its last-good state, if any, and connects to the control plane in the background.
 * Throws TriplaneError when an algorithm's file, the admin listener or the state directory cannot be had.
 */
export async function startPlaneCore(context: ProcessContext, options: CoreOptions): Promise<RunningCore> {
  const { config, clock, random, logger } = context;
  const { protocol } = options;
  const planeId = planeIdOf(context, options);
  const counters = new Counters();
  const catalog = new AlgorithmCatalog([
    ...BUILT_IN,
    ...loadAlgorithms(config.cluster.algorithms, { counters, logger }),
  ]);
  const lastGood = new LastGood({ stateDir: config.cluster.stateDir, planeId, clock, logger });
  const kept = await lastGood.read();
  const lives = new LiveRegistry();
  let table = kept === undefined ? NodeTable.empty(protocol) : new NodeTable(kept, protocol, lives);
  if (kept !== undefined)
    logger.info({ revision: kept.revision, nodes: table.nodes.length }, 'serving from the last-good state');
  const assignments = new Assignments(clock);
  const balancer = new Balancer(table, { catalog, clock, random, assignments, logger });
  const listeners: TableListener[] = [];
  const applied = counters.counter('control.applied');

  const use = (state: TableState): void => {
    const previous = table;
    table = new NodeTable(state, protocol, lives);
    applied.value += 1;
    balancer.use(table);
    for (const listener of listeners) listener(table, previous);
    lastGood.keep(state);
  };

  let closing = false;
  const pages = { counters, operator: context.operator, readiness: () => (closing ? CLOSING : readinessOf(table)) };
  context.worker?.report(pages);
  const admin = context.worker
    ? undefined
    : await startAdminHttp({ what: `${planeId} admin`, ...options.admin, ...pages });
  const replica = new Replica(
    { protocol, checkConfig: (routing) => void catalog.create(routing, { random }) },
    kept ?? EMPTY_STATE,
  );
  const identity = { planeId, incarnation: context.incarnation, protocol };
  const controlPlanes = await openControlPlanes(config.cluster, context);
  const link = new ControlLink({
    cluster: config.cluster,
    controlPlanes,
    hello: { ...identity, softwareVersion: productVersion(), algorithms: describe(catalog) },
    replica,
    assignments,
    stats: { ...identity, startTime: clock.date(), counters, lives, clock, onLogLevel: logLevelSetter(logger) },
    clock,
    random,
    logger,
    telemetry: context.telemetry,
    onState: use,
  });
  const leave = await announcePlane(context, options, admin?.addresses['http']);
  const signals = new SignalQueue(planeId, clock, () => link.client);
  addGauges(counters, { link, balancer, assignments, meter: new ProcessMeter(clock), table: () => table });

  return {
    protocol,
    get table() {
      return table;
    },
    balancer,
    counters,
    clock,
    random,
    logger,
    telemetry: context.telemetry,
    onTable: (listener) => void listeners.push(listener),
    reportSipHeartbeat: (heartbeat) => signals.add(heartbeat),
    addresses: admin === undefined ? {} : { admin: admin.addresses['http'] ?? '' },
    stopBeingReady() {
      closing = true;
    },
    async close() {
      signals.close();
      await link.finish();
      await Promise.all([leave(), controlPlanes.close(), admin?.close(), lastGood.close()]);
    },
  };
}

/** Each worker is a plane to the control plane: it applies states, counts and reports by itself. */
function planeIdOf({ worker }: ProcessContext, { planeId }: CoreOptions): string {
  return worker === undefined ? planeId : `${planeId}.w${worker.index}`;
}

interface Gauged {
  readonly link: ControlLink;
  readonly balancer: Balancer;
  readonly assignments: Assignments;
  readonly meter: ProcessMeter;
  readonly table: () => NodeTable;
}

function addGauges(counters: Counters, { link, balancer, assignments, meter, table }: Gauged): void {
  counters.gauge('control.connected', () => (link.connected ? 1 : 0));
  counters.gauge('control.revision', () => table().revision?.index ?? 0);
  counters.gauge('process.cpuPercent', () => meter.cpuPercent());
  counters.gauge('process.heapBytes', () => meter.heapBytes());
  counters.gauge('nodes.known', () => table().nodes.length);
  counters.gauge('nodes.ejected', () => balancer.ejected);
  counters.gauge('assignments.keys', () => assignments.size);
  counters.gauge('affinity.keys', () => balancer.remembered);
}

/** Obeys the log level that an operator set at the control plane. */
function logLevelSetter(logger: Logger): (name: string) => void {
  return (name) => {
    const level = logLevelOf(name);
    if (level === undefined || level === logger.level) return;
    logger.warn({ from: logger.level, to: level }, 'log level, by an operator');
    logger.level = level;
  };
}

const CLOSING: Readiness = { ready: false, problems: ['it is closing'] };

function readinessOf(table: NodeTable): Readiness {
  if (table.revision !== undefined) return { ready: true, problems: [] };
  return { ready: false, problems: ['no state: no control plane has answered and there is no last-good file'] };
}

function describe(catalog: AlgorithmCatalog): AlgorithmDescriptor[] {
  return catalog.descriptions.map(({ name, parameters }) =>
    AlgorithmDescriptor.create({ name, parameters: [...parameters] }),
  );
}
