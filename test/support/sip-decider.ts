import { Protocol, Transport, type Node } from '../../proto';
import { AffinityKey } from '../../sip-plane/affinity';
import { Edits, MessageParser, MessageView } from '../../sip-plane/message';
import {
  Memory,
  NodeExits,
  OwnAddresses,
  RequestDecider,
  ResponseDecider,
  composeRequest,
  ContactPatch,
  type DeciderParts,
  type Decision,
  type MoreNames,
} from '../../sip-plane/routing';
import { Listener, NameCache, PeerTable, type Advertised, type Connection } from '../../sip-plane/transport';
import { fakeCore, type FakeCore } from './fake-core';
import { FakeClock } from './fake-clock';

/** Where a message of a test comes from. */
export interface From {
  readonly leg?: 'external' | 'internal';
  readonly transport?: Transport;
  readonly host?: string;
  readonly port?: number;
  /** Over a stream. */
  readonly connection?: Connection;
}

export interface DeciderOptions extends MoreNames {
  /** Most transactions and calls that are remembered. Default 1000. */
  readonly remembered?: number;
  readonly affinityHeader?: string;
  readonly affinity?: AffinityKey;
  readonly names?: NameCache;
  /** Default: both legs under their own addresses. */
  readonly listeners?: readonly Listener[];
  readonly patchesContact?: boolean;
  /** Further parts of the decider. */
  readonly parts?: Partial<DeciderParts>;
}

/** The listeners of the fixture, known by other addresses. */
export function legsKnownAs(external: Advertised | undefined, internal: Advertised | undefined): Listener[] {
  return [
    new Listener(0, 'external', Transport.UDP, '198.51.100.1', 5060, external),
    new Listener(1, 'external', Transport.TCP, '198.51.100.1', 5060, external),
    new Listener(2, 'internal', Transport.UDP, '10.0.0.1', 5065, internal),
    new Listener(3, 'internal', Transport.TCP, '10.0.0.1', 5065, internal),
  ];
}

/** Decides and composes as the plane does, without a socket. External leg 198.51.100.1:5060, internal leg 10.0.0.1:5065, each UDP and TCP. */
export class DeciderFixture {
  readonly clock = new FakeClock();
  readonly core: FakeCore;
  readonly peers = new PeerTable();
  readonly own: OwnAddresses;
  readonly memory: Memory;
  readonly requests: RequestDecider;
  readonly responses: ResponseDecider;
  readonly parser: MessageParser;
  readonly view = new MessageView();
  readonly #edits = new Edits();
  readonly #exits: NodeExits;
  readonly #contacts: ContactPatch | undefined;

  constructor(nodes: readonly Node[], options: DeciderOptions = {}) {
    this.core = fakeCore(Protocol.SIP, nodes, this.clock);
    const listeners = options.listeners ?? legsKnownAs(undefined, undefined);
    this.own = new OwnAddresses(listeners, new Set(), options);
    this.#contacts = options.patchesContact === true ? new ContactPatch(this.peers) : undefined;
    this.#exits = new NodeExits(this.peers, this.own);
    this.#exits.use(this.core.table);
    this.core.onTable((table) => this.#exits.use(table));
    this.memory = new Memory(this.core, {
      decisionCacheSize: options.remembered ?? 1000,
      decisionCacheMs: 32_000,
      maxCalls: options.remembered ?? 1000,
      callIdleMs: 7_200_000,
    });
    this.parser = new MessageParser({ affinityHeader: options.affinityHeader ?? 'Call-ID' });
    const common = { core: this.core, own: this.own, peers: this.peers, memory: this.memory };
    this.requests = new RequestDecider({
      ...common,
      exits: this.#exits,
      names: options.names ?? new NameCache(this.clock),
      affinity: options.affinity ?? new AffinityKey({ kind: this.parser.names.affinityKind }),
      connections: { byId: () => undefined },
      contacts: this.#contacts,
      ...options.parts,
    });
    this.responses = new ResponseDecider({
      ...common,
      exits: this.#exits,
      contacts: this.#contacts,
      connections: { byId: () => undefined },
      streams: () => undefined,
    });
  }

  /** Decides about a request; the decision is valid until the next one. */
  decide(text: string, from: From = {}): Decision {
    const bytes = Buffer.from(text, 'latin1');
    this.parser.parseDatagram(this.view, bytes, 0, bytes.length);
    return this.requests.decide(this.view, this.#arrival(from));
  }

  /** The request as it would leave. */
  forward(text: string, from: From = {}): string {
    const decision = this.decide(text, from);
    const { view } = this;
    if (decision.exit === undefined)
      throw new Error(`not forwarded: action ${decision.action}, reject ${decision.reject}`);
    const { routes, transaction } = this.requests;
    composeRequest(
      this.#edits,
      { view, arrival: this.#arrival(from), decision, routes, transaction, contacts: this.#contacts },
      this.memory.hints,
    );
    return this.#apply();
  }

  /** The id of the node that a request goes to; undefined: it is not forwarded. */
  nodeOf(text: string, from: From = {}): string | undefined {
    return this.decide(text, from).node?.id;
  }

  /** Decides about a response: the drop reason, 0 when it is forwarded. */
  respond(text: string): number {
    const bytes = Buffer.from(text, 'latin1');
    this.parser.parseDatagram(this.view, bytes, 0, bytes.length);
    return this.responses.decide(this.view, this.clock.now());
  }

  /** The response that `respond` decided about as it would leave. */
  response(): string {
    this.responses.compose(this.#edits, this.view);
    return this.#apply();
  }

  #apply(): string {
    const { view } = this;
    const target = Buffer.alloc(view.end - view.start + this.#edits.growth);
    const end = this.#edits.apply(view.bytes, view.start, view.end, target, 0);
    if (end !== target.length) throw new Error(`growth was wrong: ${end} bytes written, ${target.length} announced`);
    return target.toString('latin1');
  }

  #arrival(from: From): Parameters<RequestDecider['decide']>[1] {
    const family = from.host?.includes(':') === true ? 6 : 4;
    const { leg = 'external', transport = Transport.UDP } = from;
    // A test may say that an IPv6 sender came to the only listener there is.
    const listener = this.own.find(leg, transport, family) ?? this.own.find(leg, transport);
    if (listener === undefined) throw new Error('no such listener');
    return {
      listener,
      peer: this.peers.ofText(from.host ?? '192.0.2.1', from.port ?? 5060),
      connection: from.connection,
    };
  }
}
