import type { PlaneCore } from '../data-plane';
import type { SmppConfig } from '../runtime/config';
import { ProxyDoor } from '../runtime/proxy-protocol';
import type { Service } from '../runtime/service';
import { TlsMaterial } from '../runtime/tls';
import { EsmeListener, type EsmeListenerOptions } from './esme-listener';
import { Accounts, PooledSession, poolCounters, type PoolDeps } from './pool';
import { SmscDirectory, type RemoteServers } from './routing';
import {
  AllowList,
  FlushQueue,
  Rates,
  Session,
  Tenants,
  sessionCounters,
  sideCounters,
  troubleCounters,
  type EsmeConnection,
  type SessionDeps,
} from './session';

/** How long `close` waits for sessions to end in an orderly way, ms. */
const STOP_MS = 4000;

/** What the plane asks of a session, whatever its mode. */
type AnySession = Session | PooledSession;

/** The SMPP plane on a core: listens for ESMEs, binds to SMSCs. `addresses`: `smpp` and, when configured, `smpp.tls`. Throws listen and TLS errors. */
export async function createSmppPlane(core: PlaneCore, config: SmppConfig): Promise<SmppPlane> {
  const plane = new SmppPlane(core, config);
  try {
    await plane.listen();
  } catch (error) {
    await plane.close();
    throw error;
  }
  return plane;
}

/** Listens for ESMEs, holds their sessions and tells them what changes. */
export class SmppPlane implements Service {
  readonly #core: PlaneCore;
  readonly #config: SmppConfig;
  readonly #deps: SessionDeps;
  readonly #pools: { readonly deps: PoolDeps; readonly accounts: Accounts } | undefined;
  readonly #sessions = new Set<AnySession>();
  readonly #listeners = new Map<string, EsmeListener>();
  readonly #clientTls: TlsMaterial;
  readonly #serverTls: TlsMaterial | undefined;
  readonly #door: ProxyDoor;
  readonly #ticker: { cancel(): void };
  #closing: Promise<void> | undefined;

  constructor(core: PlaneCore, config: SmppConfig) {
    this.#core = core;
    this.#config = config;
    this.#clientTls = new TlsMaterial(config.clientTls, { ...core, what: 'smpp client tls' });
    this.#serverTls = config.tls && new TlsMaterial(config.tls, { ...core, what: 'smpp tls' });
    this.#door = new ProxyDoor({
      ...config.proxyProtocol,
      clock: core.clock,
      onReject: (fault) => {
        core.counters.counter(`smpp.rejects.proxyProtocol.${fault}`).value += 1;
      },
    });
    this.#deps = sessionDeps(core, config, this.#clientTls);
    this.#pools = config.mode === 'pool' ? poolsOf(core, config, this.#deps) : undefined;
    core.counters.gauge('smpp.sessions', () => countBound(this.#sessions));
    core.counters.gauge('smpp.connections', () => this.#deps.link.links.size);
    core.counters.gauge('smpp.inFlight', () => countInFlight(this.#deps));
    core.onTable((table) => {
      this.#deps.directory.refresh(table);
      this.#membersChanged();
    });
    this.#ticker = core.clock.every(tickMs(config), () => this.#tick());
  }

  get addresses(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#listeners].map(([name, { address }]) => [name, address]));
  }

  async listen(): Promise<void> {
    const { host, port } = this.#config.listen;
    await this.#listenOn('smpp', { what: 'smpp', host, port });
    const { tlsPort } = this.#config;
    if (tlsPort !== null) {
      await this.#listenOn('smpp.tls', { what: 'smpp tls', host, port: tlsPort, tls: this.#serverTls });
    }
    this.#core.logger.info({ addresses: this.addresses, mode: this.#config.mode }, 'smpp plane listens');
  }

  /** Another list of SMSCs that do not register: sessions at those that are not in it go to others, ESMEs stay bound. */
  useRemoteServers(servers: RemoteServers): void {
    this.#deps.directory.useRemoteServers(servers);
    this.#membersChanged();
  }

  /** No new connections, unbind to everybody, then cut what is left. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #listenOn(name: string, where: Pick<EsmeListenerOptions, 'what' | 'host' | 'port' | 'tls'>): Promise<void> {
    const { counters } = this.#core;
    const listener = await EsmeListener.start({
      ...where,
      handshakeTimeoutMs: this.#config.bindTimeoutMs,
      maxConnections: this.#config.maxSessions,
      refused: counters.counter('smpp.rejects.maxSessions'),
      failedHandshakes: counters.counter('smpp.rejects.tlsHandshake'),
      door: this.#door,
      onConnection: (socket, peer) => {
        this.#accept({ socket, peer });
        // The door leaves it paused when it has read a header.
        socket.resume();
      },
    });
    this.#listeners.set(name, listener);
  }

  #membersChanged(): void {
    for (const session of this.#sessions) session.membersChanged();
    this.#pools?.accounts.membersChanged();
  }

  #accept(connection: EsmeConnection): void {
    const onEnd = (session: AnySession): void => void this.#sessions.delete(session);
    const session =
      this.#pools === undefined
        ? new Session(this.#deps, connection, onEnd)
        : new PooledSession(this.#pools.deps, this.#pools.accounts, { connection, onEnd });
    this.#sessions.add(session);
  }

  #tick(): void {
    const nowMs = this.#core.clock.now();
    for (const link of this.#deps.link.links) link.tick(nowMs);
    for (const session of this.#sessions) session.tick(nowMs);
    this.#deps.rates.tick();
    this.#pools?.accounts.tick(nowMs);
  }

  async #close(): Promise<void> {
    this.#door.close();
    const closed = [...this.#listeners.values()].map((listener) => listener.close());
    for (const session of this.#sessions) session.stop();
    const limit = this.#core.clock.after(STOP_MS, () => this.#cut());
    await Promise.all(closed);
    limit.cancel();
    this.#cut();
    this.#ticker.cancel();
    this.#clientTls.close();
    this.#serverTls?.close();
  }

  #cut(): void {
    for (const listener of this.#listeners.values()) listener.cut();
    for (const link of this.#deps.link.links) link.destroy();
  }
}

function poolsOf(core: PlaneCore, config: SmppConfig, session: SessionDeps): { deps: PoolDeps; accounts: Accounts } {
  const deps = { session, limits: config.pool, balancer: core.balancer, counters: poolCounters(core.counters) };
  return { deps, accounts: new Accounts(deps) };
}

function sessionDeps(core: PlaneCore, config: SmppConfig, clientTls: TlsMaterial): SessionDeps {
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
    tenants: new Tenants(core.counters),
    rates: new Rates({
      limits: config.rate,
      clock: core.clock,
      throttled: counters.rateThrottled,
      delayed: counters.rateDelayed,
    }),
    dialing: { sourceHost: config.sourceHost, serverName: config.serverName, tls: () => clientTls.context },
    allowList: new AllowList(config.allow),
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
