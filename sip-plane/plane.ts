import { LinearPattern, type PlaneCore } from '../data-plane';
import type { SipConfig } from '../runtime/config';
import type { Service } from '../runtime/service';
import type { Worker } from '../runtime/workers';
import { AffinityKey } from './affinity';
import { CallExchange } from './call-exchange';
import { DialLog } from './dial-log';
import { Forwarder } from './forwarder';
import { NodeHealth, NodeWatch, OverloadControl } from './health';
import { MessageParser } from './message';
import { OwnAnswers } from './own-answers';
import {
  BlockList,
  ContactPatch,
  Memory,
  NodeExits,
  OwnAddresses,
  RestcommHint,
  TransportPolicy,
  type DeciderParts,
} from './routing';
import { SipCounters } from './sip-counters';
import { InviteSpans } from './telemetry';
import {
  AddressRanges,
  Listeners,
  NameCache,
  canonicalIpv6,
  type Peer,
  PeerTable,
  type ListenerEvents,
  type Resolver,
} from './transport';

const EXPIRE_EVERY_MS = 1000;

/** What stands around the plane. */
export interface SipPlaneExtras {
  /** How names that nodes send to are resolved; tests have their own. */
  readonly resolver?: Resolver;
  /** This process as one of several; absent: it is alone. */
  readonly worker?: Pick<Worker, 'sockets' | 'tellOthers' | 'onWord'> | undefined;
}

/**
 * The SIP plane itself, without subscription: opens the listeners of both legs and forwards. Addresses: `external.udp`, `external.tcp`,
 * `external.tls`, `external.ws`, `external.wss`, the same with `internal`; further ones of a leg are `external.2.udp` and so on. Rejects with
 * ADDRESS_…, TLS_MATERIAL or CONFIG_INVALID when one cannot be opened; nothing stays open then.
 */
export async function createSipPlane(
  core: PlaneCore,
  config: SipConfig,
  extras: SipPlaneExtras = {},
): Promise<Service> {
  const builder = new PlaneBuilder(core, config, extras);
  try {
    await builder.open();
    return builder.start();
  } catch (error) {
    await builder.close();
    throw error;
  }
}

/** Holds what is open while the plane is put together. */
class PlaneBuilder {
  readonly #core: PlaneCore;
  readonly #config: SipConfig;
  readonly #extras: SipPlaneExtras;
  readonly #peers = new PeerTable();
  readonly #parser: MessageParser;
  readonly #counters: SipCounters;
  readonly #listeners: Listeners;
  readonly #overload: OverloadControl | undefined;
  readonly #watch: NodeWatch;
  #forwarder: Forwarder | undefined;
  #draining = false;

  constructor(core: PlaneCore, config: SipConfig, extras: SipPlaneExtras) {
    this.#core = core;
    this.#config = config;
    this.#extras = extras;
    this.#counters = new SipCounters(core.counters);
    this.#parser = new MessageParser({
      maxMessageBytes: config.maxMessageBytes,
      maxHeaders: config.maxHeaders,
      affinityHeader: config.affinityKey,
      affinityFallback: config.affinityFallbackKey,
    });
    const { clock, random, logger } = core;
    this.#overload = config.overloadControl ? new OverloadControl(random) : undefined;
    this.#watch = new NodeWatch(new NodeHealth(core, config.health), this.#overload);
    const common = { config, clock, random, logger, peers: this.#peers, parser: this.#parser };
    const events = this.#events(new DialLog(clock, logger));
    this.#listeners = new Listeners({ ...common, events, sockets: extras.worker?.sockets });
  }

  open(): Promise<void> {
    return this.#listeners.open();
  }

  start(): Service {
    const core = this.#core;
    const listeners = this.#listeners;
    const { opened, connections } = listeners;
    const own = new OwnAddresses(
      opened.map(({ listener }) => listener),
      listeners.wildcards,
      { aliases: listeners.aliases, hostNames: this.#config.hostNames, own: listeners.own },
    );
    const exits = new NodeExits(this.#peers, own, new TransportPolicy(this.#config));
    exits.use(core.table);
    core.onTable((table) => exits.use(table));
    const { worker } = this.#extras;
    const exchange = worker && new CallExchange(worker, core);
    const memory = new Memory(core, this.#config, exchange);
    exchange?.hearInto(memory.calls);
    const spans = core.telemetry.enabled ? new InviteSpans(core) : undefined;
    this.#forwarder = new Forwarder({
      core,
      own,
      peers: this.#peers,
      exits,
      memory,
      watch: this.#watch,
      ...this.#guidesParts(exits),
      draining: () => this.#draining,
      names: new NameCache(core.clock, this.#extras.resolver),
      affinity: affinityOf(this.#config, this.#parser),
      parser: this.#parser,
      maxHeaders: this.#config.maxHeaders,
      counters: this.#counters,
      connections,
      limiter: listeners.limiter,
      udp: opened.map(({ udp }) => udp),
      streams: (listener) => listeners.streams(listener),
      ownAnswers: new OwnAnswers(this.#config),
      sendTrying: this.#config.sendTrying,
      spans,
    });
    this.#gauges(memory);
    const engines = opened.flatMap(({ name, udp }) => (udp === undefined ? [] : [`${name}: ${udp.name}`]));
    core.logger.info({ engines }, 'UDP engines');
    for (const { listener, streams } of opened) streams?.serve(listener);
    const expiry = core.clock.every(EXPIRE_EVERY_MS, () => {
      memory.expire(core.clock.now());
      spans?.expire(core.clock.now());
    });
    return {
      addresses: this.#addresses(),
      close: async () => {
        await this.#drain();
        expiry.cancel();
        await this.close();
        exchange?.close();
        spans?.close();
      },
    };
  }

  /** Tells those who ask by OPTIONS to send elsewhere, and goes on forwarding meanwhile. */
  async #drain(): Promise<void> {
    const { drainMs } = this.#config;
    this.#draining = true;
    if (drainMs === 0) return;
    await new Promise<void>((resolve) => {
      this.#core.clock.after(drainMs, resolve);
    });
  }

  async close(): Promise<void> {
    this.#forwarder = undefined;
    await this.#listeners.close();
  }

  #events(dials: DialLog): ListenerEvents {
    const counters = this.#counters;
    return {
      datagrams: (listener, batch) => this.#forwarder?.datagrams(listener, batch),
      sendFailed: (peer) => this.#forwarder?.sendFailed(peer),
      refusedBy: (peer) => {
        counters.refusals.value += 1;
        if (peer.node !== undefined) peer.node.live.failures += 1;
        this.#watch.unreachable(peer);
      },
      message: (view, connection) => this.#forwarder?.streamed(view, connection),
      broken: (view, connection) => this.#forwarder?.brokenStream(view, connection),
      undelivered: (requests, connection) => this.#forwarder?.undelivered(requests, connection),
      received: (bytes) => {
        counters.bytesIn.value += bytes;
      },
      limited: () => counters.limited(),
      cut: (reason) => counters.cut(reason),
      refused: (name) => counters.refused(name),
      dialFailed: (peer, transport, reason) => {
        counters.dialFailures.value += 1;
        this.#watch.unreachable(peer);
        dials.failed(peer, transport, reason);
      },
    };
  }

  /** What the guides' options add to the decisions. */
  #guidesParts(exits: NodeExits): Partial<DeciderParts> {
    const { publicHost, publicIpv6Host, directPeers, blockedValues, blockedAnswer, extraServerNodes } = this.#config;
    const isPublic = publicHost !== null || publicIpv6Host !== null;
    return {
      overload: this.#overload,
      direct: directPeers.length > 0 ? new AddressRanges(directPeers) : undefined,
      contacts: isPublic ? new ContactPatch(this.#peers) : undefined,
      blocked: blockedValues.length > 0 ? new BlockList(blockedValues) : undefined,
      forbidsBlocked: blockedAnswer === 'forbid',
      extraServers: extraServerNodes.length > 0 ? this.#keysOf(extraServerNodes) : undefined,
      legacyHint: this.#config.compat.restcomm ? new RestcommHint(exits) : undefined,
    };
  }

  #keysOf(addresses: readonly string[]): ReadonlySet<Peer['key']> {
    return new Set(
      addresses.map((text) => {
        const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
        const host = bracketed ?? plain ?? text;
        return this.#peers.ofText(canonicalIpv6(host) ?? host, Number(port ?? 5060)).key;
      }),
    );
  }

  #gauges(memory: Memory): void {
    const { counters } = this.#core;
    const { opened, connections } = this.#listeners;
    counters.gauge('sip.connections', () => connections.size);
    for (const { name, streams } of opened) {
      if (streams !== undefined) counters.gauge(`sip.connections.${name}`, () => streams.size);
    }
    const native = opened.filter(({ udp }) => udp?.name === 'native').length;
    counters.gauge('sip.engine.native', () => native);
    counters.gauge('sip.calls', () => memory.calls.live);
    counters.gauge('sip.decisions', () => memory.decisions.size);
  }

  #addresses(): Record<string, string> {
    const { opened, own } = this.#listeners;
    const common = opened.filter(({ listener }) => !own.has(listener));
    return Object.fromEntries(
      common.map(({ name, listener }) => [name, listener.self.hostPortBytes.toString('latin1')]),
    );
  }
}

/** Throws ALGORITHM_PARAMETER when the exclusion pattern is not understood. */
function affinityOf({ affinityExclusionPattern: pattern }: SipConfig, { names }: MessageParser): AffinityKey {
  const exclusion =
    pattern === undefined ? undefined : new LinearPattern('sip.affinityExclusionPattern', pattern, { whole: true });
  return new AffinityKey({ kind: names.affinityKind, exclusion, fallbackKind: names.fallbackKind });
}
