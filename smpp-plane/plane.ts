import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { PlaneCore } from '../data-plane';
import type { SmppConfig } from '../runtime/config';
import { listenError } from '../runtime/errors';
import type { Service } from '../runtime/service';
import { SmscDirectory } from './routing';
import { Accounts, PooledSession, poolCounters, type PoolDeps } from './pool';
import {
  FlushQueue,
  Rates,
  Session,
  sessionCounters,
  sideCounters,
  troubleCounters,
  type SessionDeps,
} from './session';

/** How long `close` waits for sessions to end in an orderly way, ms. */
const STOP_MS = 4000;

/** The SMPP plane on a core: listens for ESMEs, binds each to an SMSC. `addresses`: `smpp`. */
export async function createSmppPlane(core: PlaneCore, config: SmppConfig): Promise<Service> {
  const deps = sessionDeps(core, config);
  const sessions = new Set<AnySession>();
  const pools = config.mode === 'pool' ? poolDeps(core, config, deps) : undefined;
  const accounts = pools && new Accounts(pools);
  core.counters.gauge('smpp.sessions', () => countBound(sessions));
  core.counters.gauge('smpp.connections', () => deps.link.links.size);
  core.counters.gauge('smpp.inFlight', () => countInFlight(deps));
  core.onTable((table) => {
    deps.directory.refresh(table);
    for (const session of sessions) session.membersChanged();
    accounts?.membersChanged();
  });
  const onEnd = (session: AnySession): void => void sessions.delete(session);
  const server = createServer((socket: Socket) => {
    sessions.add(
      pools && accounts ? new PooledSession(pools, accounts, { socket, onEnd }) : new Session(deps, socket, onEnd),
    );
  });
  const full = core.counters.counter('smpp.rejects.maxSessions');
  server.maxConnections = config.maxSessions;
  server.on('drop', () => {
    full.value += 1;
  });
  await listen(server, config);
  const ticker = core.clock.every(tickMs(config), () => {
    const nowMs = core.clock.now();
    for (const link of deps.link.links) link.tick(nowMs);
    for (const session of sessions) session.tick(nowMs);
    deps.rates.tick();
    accounts?.tick(nowMs);
  });
  core.logger.info({ address: addressOf(server), remoteServers: config.remoteServers }, 'smpp plane listens');
  let closing: Promise<void> | undefined;
  return {
    addresses: { smpp: addressOf(server) },
    close() {
      closing ??= closePlane({ core, server, sessions, deps }).finally(() => ticker.cancel());
      return closing;
    },
  };
}

/** What the plane asks of a session, whatever its mode. */
type AnySession = Session | PooledSession;

function poolDeps(core: PlaneCore, config: SmppConfig, session: SessionDeps): PoolDeps {
  return { session, limits: config.pool, balancer: core.balancer, counters: poolCounters(core.counters) };
}

function sessionDeps(core: PlaneCore, config: SmppConfig): SessionDeps {
  const counters = sessionCounters(core.counters);
  return {
    link: {
      clock: core.clock,
      flushQueue: new FlushQueue(),
      limits: config,
      trouble: troubleCounters(core.counters),
      links: new Set(),
    },
    limits: config,
    directory: new SmscDirectory(core, config),
    toServer: sideCounters(core.counters, 'toServer'),
    toClient: sideCounters(core.counters, 'toClient'),
    counters,
    rates: new Rates({
      limits: config.rate,
      clock: core.clock,
      throttled: counters.rateThrottled,
      delayed: counters.rateDelayed,
    }),
    telemetry: core.telemetry,
    logger: core.logger,
    random: core.random,
  };
}

/** One ticker for all timers of all sessions: a fifth of the shortest time, 10 to 250 ms. */
function tickMs(config: SmppConfig): number {
  const shortest = Math.min(
    config.bindTimeoutMs,
    config.responseTimeoutMs,
    config.enquireLinkMs,
    config.enquireLinkTimeoutMs,
  );
  return Math.min(250, Math.max(10, Math.floor(shortest / 5)));
}

async function listen(server: Server, { listen: { host, port } }: SmppConfig): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError('smpp', host, port, error)));
    server.listen(port, host, resolve);
  });
}

function addressOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

interface Running {
  readonly core: PlaneCore;
  readonly server: Server;
  readonly sessions: ReadonlySet<AnySession>;
  readonly deps: SessionDeps;
}

/** No new connections, unbind to everybody, then cut what is left. */
async function closePlane({ core, server, sessions, deps }: Running): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const session of sessions) session.stop();
  const limit = core.clock.after(STOP_MS, () => {
    for (const link of deps.link.links) link.destroy();
  });
  await closed;
  limit.cancel();
  for (const link of deps.link.links) link.destroy();
}

function countBound(sessions: ReadonlySet<AnySession>): number {
  let bound = 0;
  for (const session of sessions) if (session.isBound) bound += 1;
  return bound;
}

function countInFlight(deps: SessionDeps): number {
  let inFlight = 0;
  for (const link of deps.link.links) inFlight += link.window.size;
  return inFlight;
}
