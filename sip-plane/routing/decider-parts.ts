import type { PlaneCore } from '../../data-plane';
import type { AffinityKey } from '../affinity';
import type { OverloadControl } from '../health';
import type { AddressRanges, ConnectionTable, NameCache, Peer, PeerTable } from '../transport';
import type { BlockList } from './block-list';
import type { ContactPatch } from './contact-patch';
import type { Memory } from './memory';
import type { NodeExits } from './node-exits';
import type { OwnAddresses } from './own-addresses';
import type { RestcommHint } from './restcomm-hint';

/** All that decisions about requests are made from. */
export interface DeciderParts {
  readonly core: PlaneCore;
  readonly own: OwnAddresses;
  readonly peers: PeerTable;
  readonly exits: NodeExits;
  readonly memory: Memory;
  readonly names: NameCache;
  readonly affinity: AffinityKey;
  /** Peers that are told our own addresses instead of the advertised ones; absent: none. */
  readonly direct?: AddressRanges | undefined;
  /** Puts the address that we are known by into Contact of nodes; absent: Contact stays. */
  readonly contacts?: ContactPatch | undefined;
  /** Requests from outside that go nowhere; absent: none. */
  readonly blocked?: BlockList | undefined;
  /** They are answered with 403; else not at all. */
  readonly forbidsBlocked?: boolean;
  /** Keys of further peers whose requests go outwards, with a single leg. */
  readonly extraServers?: ReadonlySet<Peer['key']> | undefined;
  /** The predecessor's hint in Record-Route; absent: only ours. */
  readonly legacyHint?: RestcommHint | undefined;
  /** What nodes say about their load; absent: not asked for. */
  readonly overload?: OverloadControl | undefined;
  /** The plane is about to close; absent: it never says so. */
  readonly draining?: () => boolean;
  /** To find the connection that a flow names. */
  readonly connections: Pick<ConnectionTable, 'byId'>;
}
