import { Hold, unbindRequest, type Farewells, type PeerLink } from '../session';
import type { PduView } from '../wire';
import type { Member } from './member';

export interface LeaveOptions {
  /** How long requests in flight may take to be answered, ms. */
  readonly settleMs: number;
  /** Answers the SMSC's own unbind; undefined: the unbind is ours. */
  readonly answerUnbind?: (() => void) | undefined;
}

/** Links to SMSCs that are being taken leave of; until that is over they may still answer and deliver. */
export class LeavingLinks {
  readonly #farewells: Farewells;
  readonly #memberOf = new Map<PeerLink, Member>();
  readonly #onGone: () => void;

  /** `onGone`: a link has gone. */
  constructor(farewells: Farewells, onGone: () => void) {
    this.#farewells = farewells;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#memberOf.size;
  }

  memberOf(link: PeerLink): Member | undefined {
    return this.#memberOf.get(link);
  }

  /** Begins; it may be over before this returns. */
  leave(link: PeerLink, member: Member, { settleMs, answerUnbind }: LeaveOptions): void {
    member.drop(link);
    this.#memberOf.set(link, member);
    link.release(Hold.WINDOW);
    this.#farewells.bid(link, {
      settleMs,
      unbind: answerUnbind === undefined ? unbindRequest() : undefined,
      done: () => {
        answerUnbind?.();
        this.end(link);
      },
    });
  }

  /** An unbind of ours was answered. */
  answered(link: PeerLink, pdu: PduView): void {
    this.#farewells.finish(link, pdu);
  }

  /** The link broke, whether or not it was leaving. */
  lost(link: PeerLink): void {
    this.#farewells.finish(link, undefined);
    this.end(link);
  }

  /** Closes the connection; the last word is said. */
  end(link: PeerLink): void {
    link.end();
    this.#farewells.forget(link);
    const member = this.#memberOf.get(link);
    if (member === undefined) return;
    this.#memberOf.delete(link);
    member.target.live.activeSessions -= 1;
    this.#onGone();
  }

  /** The link's window is empty. */
  settled(link: PeerLink): void {
    this.#farewells.settled(link);
  }

  tick(nowMs: number): void {
    this.#farewells.tick(nowMs);
  }
}
