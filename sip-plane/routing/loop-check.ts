import { HeaderKind, ViaView, type MessageView } from '../message';
import { viaPort, type OwnAddresses } from './own-addresses';
import type { Transaction } from './transaction';

/** Was a request here before, on the same way (RFC 3261 16.3.4)? Other ways are spirals and pass. Reused. */
export class LoopCheck {
  readonly #own: OwnAddresses;
  readonly #via = new ViaView();

  constructor(own: OwnAddresses) {
    this.#own = own;
  }

  /** Looks at every Via for one of ours that carries the mark of the same way. */
  loops(view: MessageView, transaction: Transaction): boolean {
    const { bytes } = view;
    const via = this.#via;
    let index = view.header(HeaderKind.VIA);
    let at = view.topVia.valueStart;
    // By far the most requests: one Via, and not of ours.
    if (view.topVia.loopStart < 0 && view.topVia.nextValue < 0 && view.next(index) < 0) return false;
    while (index >= 0) {
      if (!via.parse(bytes, at, view.valueEnd(index))) return false;
      const ours = via.loopStart >= 0 && this.#own.at(bytes, via.hostStart, via.hostEnd, viaPort(via)) !== undefined;
      if (ours && transaction.looped(bytes, via)) return true;
      if (via.nextValue >= 0) at = via.nextValue;
      else {
        index = view.next(index);
        at = index < 0 ? -1 : view.valueStart(index);
      }
    }
    return false;
  }
}
