import { Transport } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { SipConfig } from '../../runtime/config';
import { TriplaneError } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import { TlsMaterial } from '../../runtime/tls';
import type { MessageParser } from '../message';
import { ConnectionTable } from './connection-table';
import { advertisedAs } from './advertised-as';
import { Listener, transportName, type Leg } from './listener';
import { openUdp } from './open-udp';
import type { Peer } from './peer';
import type { PeerTable } from './peer-table';
import { RateLimiter } from './rate-limiter';
import { SourceCounts } from './source-counts';
import { StreamTransport, type StreamEvents } from './stream-transport';
import type { DatagramBatch, UdpEngine } from './udp-engine';

/** Letters of our branch that tell listeners apart. */
const MAX_LISTENERS = 26;
const MAX_PORT_TRIES = 20;
/** We understand what nodes say about their load (RFC 7339 4.1, 4.2). */
const OVERLOAD_CONTROL = ';oc;oc-algo="loss"';

export interface ListenersOptions {
  readonly config: SipConfig;
  readonly peers: PeerTable;
  readonly parser: MessageParser;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: ListenerEvents;
  /**
   * Of a worker process: sockets that are bound already, by listener, and what makes it one: beside the internal listeners that all workers
   * share it has its own, so that nodes answer the one that asked. Undefined: this process has the ports for itself.
   */
  readonly sockets?: ReadonlyMap<string, number> | undefined;
}

/** What came, and from which listener. */
export interface ListenerEvents extends StreamEvents {
  datagrams(listener: Listener, batch: DatagramBatch): void;
  sendFailed(peer: Peer): void;
  /** ICMP says that nobody is there. */
  refusedBy(peer: Peer): void;
}

/** A socket that is open, and the listener that it is to the messages. */
export interface Opened {
  /** As in `external.udp`; further addresses of a leg are `external.2.udp` and so on. */
  readonly name: string;
  readonly listener: Listener;
  readonly udp: UdpEngine | undefined;
  readonly streams: StreamTransport | undefined;
}

type LegConfig = NonNullable<SipConfig[Leg]>;
type Ports = Pick<LegConfig, 'host' | 'udpPort' | 'tcpPort' | 'tlsPort' | 'wsPort' | 'wssPort' | 'advertised'>;

/** One address of a leg, on its way to being opened. */
interface Place extends Ports {
  readonly leg: Leg;
  /** Front of its listeners' names. */
  readonly name: string;
  /** Own listeners of a worker: by transport the one that all workers share, by whose address they are known. */
  readonly shared?: ReadonlyMap<Transport, Listener>;
}

/** An address that means one of our listeners without being its own or the advertised one. */
export interface Alias {
  readonly host: string;
  readonly port: number;
  readonly listener: Listener;
}

/** Opens every listener of the configuration, and holds them. What was opened stays open after a failure, until closed. */
export class Listeners {
  readonly opened: Opened[] = [];
  readonly connections: ConnectionTable;
  /** Listeners on all addresses of the machine. */
  readonly wildcards = new Set<Listener>();
  /** Further addresses that mean a listener. */
  readonly aliases: Alias[] = [];
  /** Those that no other worker has; empty: there are no others. */
  readonly own = new Set<Listener>();
  /** Of the external leg, when messages are limited there. */
  readonly limiter: RateLimiter | undefined;
  readonly #options: ListenersOptions;
  readonly #sources: SourceCounts;
  readonly #tls: TlsMaterial[] = [];
  readonly #server = new Map<Leg, TlsMaterial>();
  readonly #client = new Map<Leg, TlsMaterial>();

  constructor(options: ListenersOptions) {
    this.#options = options;
    const { messagesPerSecondPerSource: perSecond, messageBurstPerSource, maxConnectionsPerSource } = options.config;
    this.limiter = perSecond === null ? undefined : new RateLimiter(perSecond, messageBurstPerSource);
    this.#sources = new SourceCounts(maxConnectionsPerSource);
    this.connections = new ConnectionTable(options.random);
  }

  /** Opens all. Rejects with ADDRESS_…, TLS_MATERIAL or CONFIG_INVALID. */
  async open(): Promise<void> {
    const { external, internal } = this.#options.config;
    await this.#openLeg('external', external);
    if (internal !== null) await this.#openLeg('internal', internal);
  }

  /** The streams of a listener; undefined: it is UDP. */
  streams(listener: Listener): StreamTransport | undefined {
    return this.opened[listener.index]?.streams;
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.splice(0).map(async ({ udp, streams }) => await (udp ?? streams)?.close()));
    for (const material of this.#tls.splice(0)) material.close();
  }

  async #openLeg(leg: Leg, config: LegConfig): Promise<void> {
    const { clock, logger } = this.#options;
    const common = { clock, logger };
    if (config.tls !== undefined) {
      this.#server.set(leg, this.#material(new TlsMaterial(config.tls, { what: `sip ${leg} tls`, ...common })));
    }
    if (this.#server.has(leg)) {
      this.#client.set(
        leg,
        this.#material(new TlsMaterial(config.clientTls, { what: `sip ${leg} clientTls`, ...common })),
      );
    }
    await this.#openPlace({ ...config, leg, name: leg });
    for (const [index, more] of config.listeners.entries()) {
      await this.#openPlace({ ...more, leg, name: `${leg}.${index + 2}` });
    }
  }

  #material(material: TlsMaterial): TlsMaterial {
    this.#tls.push(material);
    return material;
  }

  async #openPlace(place: Place): Promise<void> {
    const { udpPort, tcpPort, tlsPort, wsPort, wssPort } = place;
    if (udpPort === 0 && tcpPort === 0) await this.#openPair(place);
    else {
      if (udpPort !== null) await this.#openUdp(place, udpPort);
      if (tcpPort !== null) await this.#openStreams(place, Transport.TCP, tcpPort);
    }
    if (tlsPort !== null) await this.#openStreams(place, Transport.TLS, tlsPort);
    if (wsPort !== null) await this.#openStreams(place, Transport.WS, wsPort);
    if (wssPort !== null) await this.#openStreams(place, Transport.WSS, wssPort);
    if (place.leg === 'internal' && this.#options.sockets !== undefined && place.shared === undefined)
      await this.#openOwn(place);
  }

  /** The same transports once more, for this worker alone. */
  async #openOwn(place: Place): Promise<void> {
    const here = this.opened.filter(({ name }) => name.startsWith(`${place.name}.`)).map(({ listener }) => listener);
    const own = { ...place, name: `${place.name}.own`, shared: new Map(here.map((one) => [one.transport, one])) };
    if (place.udpPort !== null) await this.#openUdp(own, 0);
    for (const { transport } of here) if (transport !== Transport.UDP) await this.#openStreams(own, transport, 0);
  }

  /** UDP and TCP belong on one port (RFC 3261 18.2.1), also when the system chooses it. */
  async #openPair(place: Place): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const port = await this.#openUdp(place, 0);
      try {
        return await this.#openStreams(place, Transport.TCP, port);
      } catch (error) {
        if (tries === MAX_PORT_TRIES) throw error;
        await this.opened.pop()?.udp?.close();
      }
    }
  }

  async #openUdp(place: Place, port: number): Promise<number> {
    const { config, peers, parser, events } = this.#options;
    let listener: Listener | undefined;
    const engine = await openUdp(config.udpEngine, {
      what: `sip ${place.name} udp`,
      host: place.host,
      port,
      inherited: this.#options.sockets?.get(`${place.name}.udp`),
      peers,
      handler: (batch) => {
        if (listener !== undefined) events.datagrams(listener, batch);
      },
      sendFailed: (peer) => events.sendFailed(peer),
      refused: (peer) => events.refusedBy(peer),
      rules: parser.scanRules,
    });
    listener = this.#add(place, Transport.UDP, engine.port, { udp: engine });
    return engine.port;
  }

  async #openStreams(place: Place, transport: Transport, port: number): Promise<void> {
    const { config, peers, parser, clock, events } = this.#options;
    const { leg, host } = place;
    const streams = await StreamTransport.open({
      what: `sip ${place.name} ${transportName(transport).toLowerCase()}`,
      transport,
      host,
      port,
      exclusive: place.shared !== undefined,
      peers,
      parser,
      clock,
      events,
      table: this.connections,
      maxHeaders: config.maxHeaders,
      maxConnections: config.maxConnections,
      idleConnectionMs: config.idleConnectionMs,
      partialMessageMs: config.partialMessageMs,
      webSocket: { ...config.webSocket, maxMessageBytes: config.maxMessageBytes },
      tls: this.#server.get(leg),
      dialTls: () => this.#dialTls(leg),
      limiter: leg === 'external' ? this.limiter : undefined,
      sources: leg === 'external' ? this.#sources : undefined,
    });
    this.#add(place, transport, streams.port, { streams });
  }

  /** Only listeners that have TLS dial by it, and those have both materials. */
  #dialTls(leg: Leg): { context: TlsMaterial['context']; serverName: string | undefined } {
    return {
      context: (this.#client.get(leg) as TlsMaterial).context,
      serverName: this.#options.config[leg]?.serverName,
    };
  }

  #add(
    { leg, host, name, advertised, shared }: Place,
    transport: Transport,
    port: number,
    socket: { readonly udp?: UdpEngine; readonly streams?: StreamTransport },
  ): Listener {
    const index = this.opened.length;
    const common = shared?.get(transport);
    const known = common
      ? { host: common.known.host, port: common.known.port, inVia: false }
      : advertisedAs({ leg, host, advertised }, transport, port, this.#options.config);
    const controlled =
      this.#options.config.overloadControl && (leg === 'internal' || this.#options.config.internal === null);
    const listener = new Listener(index, leg, transport, host, port, known, controlled ? OVERLOAD_CONTROL : '');
    if (common === undefined) this.#name(listener, advertised?.aliases ?? []);
    else {
      common.sharedBy(listener);
      this.own.add(listener);
    }
    if (host === '0.0.0.0' || host === '::') this.wildcards.add(listener);
    const transportKey = transportName(transport).toLowerCase();
    this.opened.push({ name: `${name}.${transportKey}`, listener, udp: socket.udp, streams: socket.streams });
    if (index < MAX_LISTENERS) return listener;
    throw new TriplaneError(
      'CONFIG_INVALID',
      `sip: expected at most ${MAX_LISTENERS} ports over both legs, got more; run a second SIP plane for the rest`,
    );
  }

  #name(listener: Listener, aliases: readonly string[]): void {
    for (const host of aliases) this.aliases.push({ host, port: listener.known.port, listener });
  }
}
