import type { PlaneCore } from '../data-plane';
import { Transport } from '../proto';
import type { SipConfig } from '../runtime/config';
import type { Service } from '../runtime/service';
import { Forwarder } from './forwarder';
import { MessageParser } from './message';
import { Memory, NodeExits, OwnAddresses } from './routing';
import { SipCounters } from './sip-counters';
import { InviteSpans } from './telemetry';
import {
  DgramEngine,
  Listener,
  NameCache,
  PeerTable,
  TcpTransport,
  type Leg,
  type Resolve,
  type UdpEngine,
} from './transport';

const EXPIRE_EVERY_MS = 1000;
/** How many free UDP ports are tried until one is free for TCP too. */
const MAX_PORT_TRIES = 20;
const LEGS: readonly Leg[] = ['external', 'internal'];

/** What tests put in the place of the machine's own. */
export interface SipPlaneExtras {
  /** How names that nodes send to are resolved. */
  readonly resolve?: Resolve;
}

/** A socket that is open, and the listener that it is to the messages. */
interface Opened {
  readonly listener: Listener;
  readonly udp: UdpEngine | undefined;
  readonly tcp: TcpTransport | undefined;
}

/**
 * The SIP plane itself, without subscription: opens the listeners of both legs and forwards. Addresses: `external.udp`, `external.tcp`,
 * `internal.udp`, `internal.tcp`. Rejects with ADDRESS_… when one cannot be opened; nothing stays open then.
 */
export async function createSipPlane(
  core: PlaneCore,
  config: SipConfig,
  extras: SipPlaneExtras = {},
): Promise<Service> {
  const builder = new PlaneBuilder(core, config, extras);
  try {
    for (const leg of LEGS) await builder.openLeg(leg);
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
  readonly #opened: Opened[] = [];
  readonly #wildcards = new Set<Listener>();
  #forwarder: Forwarder | undefined;

  constructor(core: PlaneCore, config: SipConfig, extras: SipPlaneExtras) {
    this.#core = core;
    this.#config = config;
    this.#extras = extras;
    this.#counters = new SipCounters(core.counters);
    this.#parser = new MessageParser({
      maxMessageBytes: config.maxMessageBytes,
      maxHeaders: config.maxHeaders,
      affinityHeader: config.affinityKey,
    });
  }

  /** UDP and TCP belong on one port (RFC 3261 18.2.1), also when the system chooses it. */
  async openLeg(leg: Leg): Promise<void> {
    const settings = this.#config[leg];
    if (settings === null) return;
    const { host, udpPort, tcpPort } = settings;
    if (udpPort === 0 && tcpPort === 0) return await this.#openPair(leg, host);
    if (udpPort !== null) await this.#openUdp(leg, host, udpPort);
    if (tcpPort !== null) await this.#openTcp(leg, host, tcpPort);
  }

  async #openPair(leg: Leg, host: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const port = await this.#openUdp(leg, host, 0);
      try {
        return await this.#openTcp(leg, host, port);
      } catch (error) {
        if (tries === MAX_PORT_TRIES) throw error;
        await this.#opened.pop()?.udp?.close();
      }
    }
  }

  start(): Service {
    const core = this.#core;
    const listeners = this.#opened.map(({ listener }) => listener);
    const own = new OwnAddresses(listeners, this.#wildcards);
    const exits = new NodeExits(this.#peers, own);
    exits.use(core.table);
    core.onTable((table) => exits.use(table));
    const memory = new Memory(core, this.#config);
    const spans = core.telemetry.enabled ? new InviteSpans(core) : undefined;
    this.#forwarder = new Forwarder({
      core,
      own,
      peers: this.#peers,
      exits,
      memory,
      names: new NameCache(core.clock, this.#extras.resolve),
      affinityKind: this.#parser.names.affinityKind,
      parser: this.#parser,
      maxHeaders: this.#config.maxHeaders,
      counters: this.#counters,
      udp: this.#opened.map(({ udp }) => udp),
      streams: (leg) => this.#streams(leg),
      retryAfterSeconds: this.#config.retryAfterSeconds,
      spans,
    });
    this.#gauges(memory);
    for (const { listener, tcp } of this.#opened) tcp?.serve(listener);
    const expiry = core.clock.every(EXPIRE_EVERY_MS, () => {
      memory.expire(core.clock.now());
      spans?.expire(core.clock.now());
    });
    return {
      addresses: this.#addresses(),
      close: async () => {
        expiry.cancel();
        await this.close();
        spans?.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#forwarder = undefined;
    await Promise.all(this.#opened.splice(0).map(async ({ udp, tcp }) => await (udp ?? tcp)?.close()));
  }

  async #openUdp(leg: Leg, host: string, port: number): Promise<number> {
    let listener: Listener | undefined;
    const engine = await DgramEngine.open({
      what: `sip ${leg} udp`,
      host,
      port,
      peers: this.#peers,
      handler: (batch) => {
        if (listener !== undefined) this.#forwarder?.datagrams(listener, batch);
      },
      sendFailed: (peer) => this.#forwarder?.sendFailed(peer),
    });
    listener = this.#add(leg, Transport.UDP, host, engine.port, { udp: engine });
    return engine.port;
  }

  async #openTcp(leg: Leg, host: string, port: number): Promise<void> {
    const { maxConnections, maxHeaders, idleConnectionMs, partialMessageMs } = this.#config;
    const tcp = await TcpTransport.open({
      what: `sip ${leg} tcp`,
      host,
      port,
      peers: this.#peers,
      parser: this.#parser,
      maxHeaders,
      clock: this.#core.clock,
      random: this.#core.random,
      maxConnections,
      idleConnectionMs,
      partialMessageMs,
      events: {
        message: (view, connection) => this.#forwarder?.streamed(view, connection),
        broken: (view, connection) => this.#forwarder?.brokenStream(view, connection),
        undelivered: (requests, connection) => this.#forwarder?.undelivered(requests, connection),
        received: (bytes) => {
          this.#counters.bytesIn.value += bytes;
        },
        cut: (reason) => this.#counters.cut(reason),
      },
    });
    this.#add(leg, Transport.TCP, host, tcp.port, { tcp });
  }

  #add(
    leg: Leg,
    transport: Transport,
    host: string,
    port: number,
    socket: { readonly udp?: UdpEngine; readonly tcp?: TcpTransport },
  ): Listener {
    const listener = new Listener(this.#opened.length, leg, transport, host, port);
    if (host === '0.0.0.0' || host === '::') this.#wildcards.add(listener);
    this.#opened.push({ listener, udp: socket.udp, tcp: socket.tcp });
    return listener;
  }

  #streams(leg: Leg): TcpTransport | undefined {
    for (const { listener, tcp } of this.#opened) if (tcp !== undefined && listener.leg === leg) return tcp;
    return undefined;
  }

  #gauges(memory: Memory): void {
    const { counters } = this.#core;
    counters.gauge('sip.connections', () => this.#opened.reduce((sum, { tcp }) => sum + (tcp?.size ?? 0), 0));
    counters.gauge('sip.calls', () => memory.calls.live);
    counters.gauge('sip.decisions', () => memory.decisions.size);
  }

  #addresses(): Record<string, string> {
    return Object.fromEntries(
      this.#opened.map(({ listener, udp }) => [
        `${listener.leg}.${udp === undefined ? 'tcp' : 'udp'}`,
        listener.self.hostPortBytes.toString('latin1'),
      ]),
    );
  }
}
