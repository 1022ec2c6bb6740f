import { AddressView, COMMA, HeaderKind, UriResult, UriView, skipLws, type MessageView } from '../message';
import type { Listener } from '../transport';
import type { OwnAddresses } from './own-addresses';

/** The most own values that one request can have to be removed. */
const MAX_OWN = 16;

/**
 * The Route values of a request: which of the first ones are ours and go (RFC 3261 16.4; both of our pair, RFC 5658), and what remains.
 * Several values in one line and one value in each of several lines are the same (RT-13). Reused.
 */
export class RouteSet {
  /** How many values at the front are ours. */
  ownCount = 0;
  /** Our values, first to last. */
  readonly own: readonly UriView[] = Array.from({ length: MAX_OWN }, () => new UriView());
  /** The listener that the last own value names: where the request should leave. */
  exit: Listener | undefined;
  /** The first value that remains; meaningful when `hasTop`. */
  readonly top = new UriView();
  hasTop = false;
  /** Header index and offset of the first value that remains. */
  topIndex = -1;
  topStart = -1;
  /** After the first remaining value: its line's end or the comma. */
  topEnd = -1;
  /** The last value of all, for strict routers: header index, value range, and the end of the value before it in the same line (-1: none). */
  lastIndex = -1;
  lastStart = -1;
  lastUriStart = -1;
  lastUriEnd = -1;
  readonly #address = new AddressView();

  /** Reads the Route headers; values from `lastStart` of `dropLast` on are taken as gone. False: a value cannot be read. */
  read(view: MessageView, addresses: OwnAddresses, dropLast: boolean): boolean {
    this.ownCount = 0;
    this.exit = undefined;
    this.hasTop = false;
    this.topIndex = this.topStart = -1;
    const stopAt = dropLast ? this.lastStart : -1;
    let index = view.header(HeaderKind.ROUTE);
    let at = index < 0 ? -1 : view.valueStart(index);
    while (index >= 0 && at !== stopAt) {
      const own = this.ownCount < MAX_OWN ? (this.own[this.ownCount] as UriView) : this.top;
      if (!this.#value(view, index, at, own)) return false;
      if (this.ownCount >= MAX_OWN || !addresses.isOurRoute(view.bytes, own)) return this.#keepTop(view, index, at);
      const named = addresses.ofUri(view.bytes, own);
      if (this.#ofAnotherPass(named)) return this.#keepTop(view, index, at);
      this.ownCount += 1;
      this.exit = named ?? this.exit;
      if (this.#address.valueEnd >= view.valueEnd(index)) {
        index = view.next(index);
        at = index < 0 ? -1 : view.valueStart(index);
      } else at = skipLws(view.bytes, this.#address.valueEnd + 1, view.valueEnd(index));
    }
    return true;
  }

  /** Finds the last value of all. False: there is none, or it cannot be read. */
  findLast(view: MessageView): boolean {
    this.lastIndex = this.lastStart = -1;
    for (let index = view.header(HeaderKind.ROUTE); index >= 0; index = view.next(index)) {
      let at = view.valueStart(index);
      const end = view.valueEnd(index);
      while (at < end) {
        if (!this.#address.parse(view.bytes, at, end)) return false;
        this.lastIndex = index;
        this.lastStart = at;
        this.lastUriStart = this.#address.uriStart;
        this.lastUriEnd = this.#address.uriEnd;
        at = this.#address.valueEnd;
        if (at < end && view.bytes[at] === COMMA) at = skipLws(view.bytes, at + 1, end);
      }
    }
    return this.lastIndex >= 0;
  }

  /**
   * Two values of the same leg in a row belong to two pairs: the request passed us twice, with a node in between that keeps out of the Route.
   * That one gets the second pair (RT-1). Pairs that come twice, as some clients collect them, all go.
   */
  #ofAnotherPass(named: Listener | undefined): boolean {
    return this.ownCount > 1 && named !== undefined && named.leg === this.exit?.leg && named.leg === 'internal';
  }

  #keepTop(view: MessageView, index: number, at: number): boolean {
    // The value was read into the place of an own one.
    if (!this.#value(view, index, at, this.top)) return false;
    this.hasTop = true;
    this.topIndex = index;
    this.topStart = at;
    this.topEnd = this.#address.valueEnd;
    return true;
  }

  #value(view: MessageView, index: number, at: number, into: UriView): boolean {
    if (!this.#address.parse(view.bytes, at, view.valueEnd(index))) return false;
    return into.parse(view.bytes, this.#address.uriStart, this.#address.uriEnd) !== UriResult.BAD;
  }
}
