import type { PeerLink } from '../session';
import { Command, Status, type PduView } from '../wire';

/** One cancel_sm by address that is being asked of several SMSCs. */
interface Cancel {
  readonly from: PeerLink;
  readonly sequence: number;
  readonly untilMs: number;
  readonly asked: Map<PeerLink, number>;
  /** The first refusal. */
  status: number;
}

/**
 * cancel_sm without a message_id cancels by addresses, whichever SMSC has the messages (SMPP 5.0, 4.5.1): each SMSC is asked, and the
 * ESME gets one answer: success as soon as one succeeded, else the first refusal once all have answered, are lost or are late.
 */
export class Cancels {
  readonly #timeoutMs: number;
  /** In order of their deadlines. */
  readonly #open = new Set<Cancel>();
  readonly #byLink = new Map<PeerLink, Map<number, Cancel>>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Asks the SMSCs behind `links`, at least one. */
  begin(from: PeerLink, pdu: PduView, { links, nowMs }: { links: readonly PeerLink[]; nowMs: number }): void {
    const cancel: Cancel = {
      from,
      sequence: pdu.sequence,
      untilMs: nowMs + this.#timeoutMs,
      asked: new Map(),
      status: Status.OK,
    };
    this.#open.add(cancel);
    from.outstanding += 1;
    for (const link of links) {
      const sequence = link.ask(pdu.copy());
      cancel.asked.set(link, sequence);
      const table = this.#byLink.get(link) ?? new Map<number, Cancel>();
      this.#byLink.set(link, table.set(sequence, cancel));
    }
  }

  /** An SMSC answered a cancel_sm of ours. */
  answered(link: PeerLink, pdu: PduView): void {
    const cancel = this.#byLink.get(link)?.get(pdu.sequence);
    if (cancel === undefined) return;
    const nacked = pdu.command === Command.GENERIC_NACK;
    this.#settle(cancel, link, nacked && pdu.status === Status.OK ? Status.SYSTEM_ERROR : pdu.status);
  }

  /** An SMSC's link is gone. */
  lost(link: PeerLink): void {
    for (const cancel of this.#byLink.get(link)?.values() ?? []) this.#settle(cancel, link, Status.SYSTEM_ERROR);
    this.#byLink.delete(link);
  }

  tick(nowMs: number): void {
    for (const cancel of this.#open) {
      if (cancel.untilMs > nowMs) return;
      this.#finish(cancel, Status.SYSTEM_ERROR);
    }
  }

  #settle(cancel: Cancel, link: PeerLink, status: number): void {
    this.#byLink.get(link)?.delete(cancel.asked.get(link) ?? 0);
    cancel.asked.delete(link);
    if (cancel.status === Status.OK) cancel.status = status;
    if (status === Status.OK) this.#finish(cancel, Status.OK);
    else if (cancel.asked.size === 0) this.#finish(cancel, cancel.status);
  }

  #finish(cancel: Cancel, status: number): void {
    if (!this.#open.delete(cancel)) return;
    for (const [link, sequence] of cancel.asked) this.#byLink.get(link)?.delete(sequence);
    cancel.from.outstanding -= 1;
    cancel.from.refuse(Command.CANCEL_SM, status, cancel.sequence);
  }
}
