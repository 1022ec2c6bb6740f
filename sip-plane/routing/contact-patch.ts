import {
  AddressView,
  COMMA,
  HeaderKind,
  Scheme,
  UriResult,
  UriView,
  skipLws,
  type Edits,
  type MessageView,
} from '../message';
import type { Listener, PeerTable } from '../transport';
import { portOf } from './own-addresses';

/**
 * Writes the address that a listener is known by over host and port of a node in Contact, so that nodes behind a NAT box are called
 * through it (guides: public-ip). User part, parameters and all other contacts stay. Reused.
 */
export class ContactPatch {
  readonly #peers: PeerTable;
  readonly #address = new AddressView();
  readonly #uri = new UriView();

  constructor(peers: PeerTable) {
    this.#peers = peers;
  }

  apply(edits: Edits, view: MessageView, exit: Listener): void {
    for (let i = view.header(HeaderKind.CONTACT); i >= 0; i = view.next(i)) this.#line(edits, view, i, exit);
  }

  #line(edits: Edits, view: MessageView, index: number, exit: Listener): void {
    const { bytes } = view;
    const end = view.valueEnd(index);
    let at = view.valueStart(index);
    while (at < end && this.#address.parse(bytes, at, end)) {
      this.#value(edits, bytes, exit);
      at = this.#address.valueEnd;
      if (at < end && bytes[at] === COMMA) at = skipLws(bytes, at + 1, end);
    }
  }

  #value(edits: Edits, bytes: Buffer, exit: Listener): void {
    const uri = this.#uri;
    if (uri.parse(bytes, this.#address.uriStart, this.#address.uriEnd) === UriResult.BAD || uri.hostStart < 0) return;
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return;
    const named = this.#peers.find(bytes, uri.hostStart, uri.hostEnd, portOf(uri, bytes));
    if (named?.node === undefined) return;
    edits.begin(uri.hostPortStart, uri.hostPortEnd - uri.hostPortStart);
    edits.text(exit.known.hostPortBytes);
  }
}
