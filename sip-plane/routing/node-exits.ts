import { endpointOf, type NodeTable, type PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import { canonicalIpv6, type Listener, type Peer, type PeerTable } from '../transport';
import type { OwnAddresses } from './own-addresses';
import { TransportPolicy, transportOrder } from './transport-policy';

/** One way to a node. */
export interface Exit {
  readonly transport: Transport;
  readonly peer: Peer;
  /** Ours that it leaves by. */
  readonly listener: Listener;
}

const NONE: readonly Exit[] = [];
const MAX_KNOWN = 10_000;
const ALL = [Transport.UDP, Transport.TCP, Transport.TLS, Transport.WS, Transport.WSS] as const;

/** The ways to each node, worked out when the table changes; also marks each peer that is a node's endpoint. */
export class NodeExits {
  readonly #peers: PeerTable;
  readonly #own: OwnAddresses;
  readonly policy: TransportPolicy;
  #byId = new Map<string, readonly Exit[]>();
  /** Ids of nodes that left, by their addresses. */
  readonly #gone = new Map<Peer['key'], string>();
  #marked: Peer[] = [];

  constructor(peers: PeerTable, own: OwnAddresses, policy = new TransportPolicy()) {
    this.#peers = peers;
    this.#own = own;
    this.policy = policy;
  }

  use(table: NodeTable): void {
    const previous = this.#byId;
    for (const peer of this.#marked) peer.node = undefined;
    this.#marked = [];
    this.#byId = new Map();
    for (const node of table.nodes) this.#byId.set(node.id, this.#exitsOf(node));
    // Endpoints of nodes that just left stay known, so that a Route that names them can be replaced.
    this.#gone.clear();
    for (const [id, exits] of previous) {
      if (this.#byId.has(id) || this.#byId.size >= MAX_KNOWN) continue;
      this.#byId.set(id, exits);
      for (const { peer } of exits) this.#gone.set(peer.key, id);
    }
    this.#peers.pin(this.#marked);
  }

  /** The way to a node by a transport, else by the next best one; undefined: no listener of ours reaches it. */
  choose(node: PlaneNode, wanted: Transport): Exit | undefined {
    const exits = this.#byId.get(node.id) ?? NONE;
    const order = transportOrder(wanted);
    for (let k = 0; k < order.length; k += 1) {
      for (let i = 0; i < exits.length; i += 1) if ((exits[i] as Exit).transport === order[k]) return exits[i];
    }
    return undefined;
  }

  /** The id of the node that was there and left, when no other has come. */
  goneFrom(peer: Peer): string | undefined {
    return peer.node === undefined && this.#gone.size > 0 ? this.#gone.get(peer.key) : undefined;
  }

  /** Is this one of the node's own addresses? Nodes that left included. */
  isAt(nodeId: string, peer: Peer): boolean {
    const exits = this.#byId.get(nodeId) ?? NONE;
    for (let i = 0; i < exits.length; i += 1) if ((exits[i] as Exit).peer.key === peer.key) return true;
    return false;
  }

  #exitsOf(node: PlaneNode): Exit[] {
    return ALL.flatMap((transport) => {
      const endpoint = endpointOf(node, transport);
      if (endpoint === undefined) return [];
      const peer = this.#peers.ofText(canonicalIpv6(endpoint.host) ?? endpoint.host, endpoint.port);
      const listener = this.#own.find('internal', transport, peer.family);
      peer.node = node;
      this.#marked.push(peer);
      return listener === undefined ? [] : [{ transport, peer, listener }];
    });
  }
}
