import type { LinearPattern } from '../../data-plane';
import { AddressView, HeaderKind, Scheme, UriView, type MessageView } from '../message';

export interface AffinityKeyOptions {
  /** Kind of the header that holds the key. */
  readonly kind: number;
  /** Keys that match this as a whole are no keys: the header of `fallbackKind` is taken then. */
  readonly exclusion?: LinearPattern | undefined;
  readonly fallbackKind?: number;
}

const COLON = 0x3a;
const SEMICOLON = 0x3b;

/**
 * The affinity key of a request as text: Call-ID, the user part of To or From (the number of a tel URI, the whole URI when it has neither),
 * or the value of any header; a request without that header has its Call-ID. Only for requests that no hint and no cache decides.
 */
export class AffinityKey {
  readonly #kind: number;
  readonly #exclusion: LinearPattern | undefined;
  readonly #fallbackKind: number;
  readonly #address = new AddressView();
  readonly #uri = new UriView();

  constructor({ kind, exclusion, fallbackKind = HeaderKind.CALL_ID }: AffinityKeyOptions) {
    this.#kind = kind;
    this.#exclusion = exclusion;
    this.#fallbackKind = fallbackKind;
  }

  of(view: MessageView): string {
    const key = this.#valueOf(view, this.#kind);
    return this.#exclusion?.test(key) === true ? this.#valueOf(view, this.#fallbackKind) : key;
  }

  #valueOf(view: MessageView, kind: number): string {
    const index = view.header(kind);
    if (index < 0) return view.callId;
    const start = view.valueStart(index);
    const end = view.valueEnd(index);
    if (kind === HeaderKind.TO || kind === HeaderKind.FROM) return this.#userOf(view, start, end);
    return start === end ? view.callId : view.text(start, end);
  }

  #userOf(view: MessageView, start: number, end: number): string {
    const address = this.#address;
    const uri = this.#uri;
    if (!address.parse(view.bytes, start, end)) return view.callId;
    uri.parse(view.bytes, address.uriStart, address.uriEnd);
    if (uri.userStart >= 0) return view.text(uri.userStart, uri.userEnd);
    if (uri.scheme === Scheme.TEL) return numberOf(view, address.uriStart, address.uriEnd);
    return view.text(address.uriStart, address.uriEnd);
  }
}

/** The number of a tel URI without parameters and visual separators (RFC 3966 3, 5.1.1), as it stands in the user part of a sip URI. */
function numberOf(view: MessageView, start: number, end: number): string {
  let from = start;
  while (from < end && view.bytes[from] !== COLON) from += 1;
  let to = from + 1;
  while (to < end && view.bytes[to] !== SEMICOLON) to += 1;
  return view.text(from + 1, to).replaceAll(/[-.()]/g, '');
}
