import { Command, Status, headerOnly, type PduView } from '../wire';
import type { PeerLink } from './peer-link';

/** Requests in flight get this long to be answered before unbind is sent, ms. */
export const SETTLE_MS = 5000;
/** While the balancer itself ends a session, requests in flight get this long, ms. */
export const STOP_SETTLE_MS = 1000;
/** An unbind gets this long to be answered, ms. */
const ANSWER_MS = 2000;

export interface FarewellOptions {
  readonly link: PeerLink;
  readonly nowMs: number;
  /** 0: do not wait for requests in flight. */
  readonly settleMs: number;
  /** What to send when all is settled: an unbind of ours, kept. Undefined: the peer itself asked to leave, there is nothing to ask. */
  readonly unbind: Buffer | undefined;
  /** Called once, with the unbind_resp if one came. The link is still open unless it was lost. */
  readonly done: (answer: PduView | undefined) => void;
}

/** Takes leave of one peer: waits for the answers that are still out, says unbind, waits for its answer. */
export class Farewell {
  readonly #options: FarewellOptions;
  #phase: 'settling' | 'asked' | 'done' = 'settling';
  #untilMs: number;

  constructor(options: FarewellOptions) {
    this.#options = options;
    this.#untilMs = options.nowMs + options.settleMs;
  }

  /** Goes on if it can; after creation, when the link's window empties, and now and then. */
  tick(nowMs: number): void {
    const { link } = this.#options;
    if (this.#phase === 'settling') {
      if (link.window.size > 0 && nowMs < this.#untilMs) link.notifyAt = 0;
      else this.#ask(nowMs);
    } else if (this.#phase === 'asked' && nowMs >= this.#untilMs) this.finish(undefined);
  }

  /** The unbind_resp came, or the link is lost. */
  finish(answer: PduView | undefined): void {
    if (this.#phase === 'done') return;
    this.#phase = 'done';
    this.#options.done(answer);
  }

  #ask(nowMs: number): void {
    const { link, unbind } = this.#options;
    if (unbind === undefined || !link.open) {
      this.finish(undefined);
      return;
    }
    this.#phase = 'asked';
    this.#untilMs = nowMs + ANSWER_MS;
    link.ask(unbind);
  }
}

/** An unbind of the balancer's own; it gets its sequence number when it is sent. */
export function unbindRequest(): Buffer {
  return headerOnly(Command.UNBIND, Status.OK, 0);
}
