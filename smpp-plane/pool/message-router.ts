import { DEFAULT_POOL, rendezvous, type PlaneNode } from '../../data-plane';
import type { PeerLink } from '../session';
import { Command, MessageScan, cancelledMessageId, leadingMessageId, type PduView } from '../wire';
import type { Account } from './account';
import type { Member } from './member';
import type { PoolDeps } from './pool-deps';

/** Slow start and congestion change weights; they are looked at this often, ms. */
const REFRESH_MS = 250;

/**
 * Says which SMSC a request of an ESME belongs to: parts of one message to the SMSC of the first part, query_sm, cancel_sm and replace_sm
 * to the SMSC that gave the id, messages that replace each other to one SMSC, everything else by the algorithm in force.
 */
export class MessageRouter {
  readonly #deps: PoolDeps;
  readonly #account: Account;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #scan = new MessageScan();
  #usableNodes: readonly PlaneNode[] = [];
  #stale = true;
  #refreshedAtMs = 0;

  constructor(deps: PoolDeps, options: { account: Account; members: ReadonlyMap<string, Member> }) {
    this.#deps = deps;
    this.#account = options.account;
    this.#members = options.members;
  }

  /** Which SMSCs are usable has changed. */
  stale(): void {
    this.#stale = true;
  }

  /** The link for a request; it may be full when the request belongs there and nowhere else. Undefined: no SMSC has room. On the packet path. */
  route(pdu: PduView): PeerLink | undefined {
    const { systemId } = this.#account;
    switch (pdu.command) {
      case Command.SUBMIT_SM:
      case Command.DATA_SM:
        return this.#scan.scan(pdu) ? this.#routeMessage() : this.#pick(systemId);
      case Command.QUERY_SM:
      case Command.REPLACE_SM:
        return this.#issuer(leadingMessageId(pdu)) ?? this.#pick(systemId);
      case Command.CANCEL_SM:
        return this.#issuer(cancelledMessageId(pdu)) ?? this.#pick(systemId);
      default:
        return this.#pick(systemId);
    }
  }

  #routeMessage(): PeerLink | undefined {
    const replaced = this.#scan.replaceKey();
    if (replaced !== undefined) return this.#linkTo(rendezvous(replaced, this.#usable()));
    const parts = this.#scan.partsKey();
    if (parts === undefined) return this.#pick(this.#affinityKey());
    const nowMs = this.#now();
    const known = this.#account.parts.get(parts, nowMs);
    const kept = known === undefined ? undefined : this.#members.get(known);
    if (kept !== undefined && kept.links.length > 0) {
      this.#deps.counters.partsKept.value += 1;
      return kept.linkWithRoom() ?? kept.links[0];
    }
    const node = this.#choose(this.#affinityKey());
    if (node !== undefined) this.#account.parts.set(parts, node.id, nowMs);
    return this.#linkTo(node);
  }

  #affinityKey(): string {
    switch (this.#deps.limits.affinityKey) {
      case 'source':
        return this.#scan.source;
      case 'destination':
        return this.#scan.destination;
      case 'systemId':
        return this.#account.systemId;
    }
  }

  /** A link to the SMSC that gave the id. */
  #issuer(messageId: string): PeerLink | undefined {
    if (messageId === '') return undefined;
    const nowMs = this.#now();
    for (const member of this.#members.values()) {
      if (member.links.length === 0) continue;
      if (this.#account.issued.find(member.id, messageId, nowMs) === undefined) continue;
      return member.linkWithRoom() ?? member.links[0];
    }
    return undefined;
  }

  #pick(key: string): PeerLink | undefined {
    return this.#linkTo(this.#choose(key));
  }

  #choose(key: string): PlaneNode | undefined {
    const all = this.#usable();
    const { rates } = this.#deps.session;
    const usable = rates.limitsSmscs ? all.filter((node) => rates.hasRoom(node.id)) : all;
    if (usable.length === 0) return all[0];
    return this.#deps.balancer.chooseAmong(DEFAULT_POOL, key, usable) ?? usable[0];
  }

  #linkTo(node: PlaneNode | undefined): PeerLink | undefined {
    return node && this.#members.get(node.id)?.linkWithRoom();
  }

  /** The SMSCs that take messages now, sorted by id, with the weights that they deserve now. */
  #usable(): readonly PlaneNode[] {
    const nowMs = this.#now();
    if (!this.#stale && nowMs - this.#refreshedAtMs < REFRESH_MS) return this.#usableNodes;
    this.#stale = false;
    this.#refreshedAtMs = nowMs;
    const open = [...this.#members.values()].filter((member) => member.takesNewWork && member.linkWithRoom());
    const well = open.filter((member) => !member.isEjected(nowMs));
    this.#usableNodes = (well.length > 0 ? well : open)
      .map((member) => member.weighed(nowMs))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    return this.#usableNodes;
  }

  #now(): number {
    return this.#deps.session.link.clock.now();
  }
}
