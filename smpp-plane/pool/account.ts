import { HeldLinks, Hold, type PeerLink, type TenantCounters } from '../session';
import { MessageScan, Status, type PduView } from '../wire';
import { ExpiringMap } from './expiring-map';
import { IssuedIds } from './issued-ids';
import type { PoolDeps } from './pool-deps';

/** An ESME bind as an account sees it. */
export interface Receiver {
  readonly link: PeerLink;
  /** Bound as receiver or transceiver, and not leaving. */
  readonly receives: boolean;
}

/**
 * All binds of one customer: the same system_id, password and system_type. What its SMSC binds bring goes to its own ESMEs
 * and to nobody else: receipts to the bind that submitted, parts of one message to one bind, the rest in turn.
 */
export class Account {
  readonly systemId: string;
  /** Which SMSC has the first part of a long message. */
  readonly parts: ExpiringMap<string>;
  /** Who submitted the message with an id of an SMSC. */
  readonly issued: IssuedIds<Receiver>;
  readonly #deps: PoolDeps;
  /** Made when the first bind succeeded, so that names that nobody may bind with are not counted. */
  #figures: TenantCounters | undefined;
  readonly #receivers = new Set<Receiver>();
  readonly #inboundParts: ExpiringMap<Receiver>;
  /** SMSC links that wait for an ESME to have room. */
  readonly #waiting = new HeldLinks(Hold.WINDOW);
  readonly #scan = new MessageScan();
  #inTurn: Receiver[] = [];
  #turn = 0;

  constructor(deps: PoolDeps, systemId: string) {
    const { partsMs, receiptsMs, maxRemembered } = deps.limits;
    this.#deps = deps;
    this.systemId = systemId;
    this.parts = new ExpiringMap(partsMs, maxRemembered);
    this.#inboundParts = new ExpiringMap(partsMs, maxRemembered);
    this.issued = new IssuedIds({ ttlMs: receiptsMs, maxEntries: maxRemembered });
  }

  join(receiver: Receiver): void {
    this.#receivers.add(receiver);
    this.#inTurn = [...this.#receivers];
  }

  /** True when nobody is left. */
  leave(receiver: Receiver): boolean {
    this.#receivers.delete(receiver);
    this.#inTurn = [...this.#receivers];
    this.makeRoom();
    return this.#receivers.size === 0;
  }

  /** The account's figures. */
  get figures(): TenantCounters {
    this.#figures ??= this.#deps.session.tenants.of(this.systemId);
    return this.#figures;
  }

  /** A request of an SMSC for the account; on the packet path. False: nobody has room, the SMSC is not read for now. */
  deliver(from: PeerLink, pdu: PduView, smscId: string): boolean {
    const to = this.#chosen(pdu, smscId);
    if (to === undefined) {
      this.#deps.counters.noReceiver.value += 1;
      from.refuse(pdu.command, Status.NO_APPLICATION, pdu.sequence);
      return true;
    }
    if (to.link.window.full || to.link.congested) return this.#wait(from, to, pdu);
    if (this.#deps.limits.toEsme === 'broadcast' && !this.#scan.isReceipt) this.#copyToOthers(to, pdu);
    this.figures.toClient.value += 1;
    to.link.relay(pdu, from);
    return true;
  }

  /** An ESME has room again, or left. */
  makeRoom(): void {
    this.#waiting.release();
  }

  #chosen(pdu: PduView, smscId: string): Receiver | undefined {
    if (!this.#scan.scan(pdu)) return this.#next();
    const nowMs = this.#deps.session.link.clock.now();
    if (this.#scan.isReceipt) {
      const submitter = this.#submitter(smscId, nowMs);
      if (submitter !== undefined) return submitter;
    }
    const key = this.#scan.partsKey();
    if (key === undefined) return this.#next();
    const known = this.#inboundParts.get(key, nowMs);
    if (known?.receives === true) return known;
    const chosen = this.#next();
    if (chosen !== undefined) this.#inboundParts.set(key, chosen, nowMs);
    return chosen;
  }

  #submitter(smscId: string, nowMs: number): Receiver | undefined {
    const { receiptsMatched, receiptsUnmatched } = this.#deps.counters;
    const id = this.#scan.receiptedId();
    const submitter = id === undefined ? undefined : this.issued.find(smscId, id, nowMs);
    const counter = submitter?.receives === true ? receiptsMatched : receiptsUnmatched;
    counter.value += 1;
    return submitter?.receives === true ? submitter : undefined;
  }

  /** The next that receives, those with room first. */
  #next(): Receiver | undefined {
    const { length } = this.#inTurn;
    let full: Receiver | undefined;
    for (let i = 0; i < length; i += 1) {
      this.#turn = (this.#turn + 1) % length;
      const receiver = this.#inTurn[this.#turn] as Receiver;
      if (!receiver.receives) continue;
      if (!receiver.link.window.full && !receiver.link.congested) return receiver;
      full = receiver;
    }
    return full;
  }

  /** Both sides may not wait for each other: an SMSC that would is told to slow down. */
  #wait(from: PeerLink, to: Receiver, pdu: PduView): boolean {
    if (to.link.held(Hold.WINDOW)) {
      this.#deps.session.counters.throttled.value += 1;
      from.refuse(pdu.command, Status.THROTTLED, pdu.sequence);
      return true;
    }
    to.link.notifyAt = Math.floor(to.link.window.limit * 0.75);
    this.#waiting.hold(from);
    return false;
  }

  /** Copies are the balancer's own requests: their answers end here, the SMSC gets the first receiver's. */
  #copyToOthers(first: Receiver, pdu: PduView): void {
    for (const receiver of this.#inTurn) {
      const { link } = receiver;
      if (receiver === first || !receiver.receives || link.window.full || link.congested) continue;
      link.ask(pdu.copy());
    }
  }
}
