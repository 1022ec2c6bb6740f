import { AddressView, HeaderKind, UriView, type MessageView } from '../message';

const address = new AddressView();
const uri = new UriView();

/**
 * The affinity key of a request as text: Call-ID, the user part of To or From (the whole URI when it has none), or the value of any header;
 * a request without that header has its Call-ID. Only for requests that no hint and no cache decides.
 */
export function affinityKey(view: MessageView, kind: number): string {
  const index = view.header(kind);
  if (index < 0) return view.callId;
  const start = view.valueStart(index);
  const end = view.valueEnd(index);
  if (kind === HeaderKind.TO || kind === HeaderKind.FROM) return userOf(view, start, end);
  return start === end ? view.callId : view.text(start, end);
}

function userOf(view: MessageView, start: number, end: number): string {
  if (!address.parse(view.bytes, start, end)) return view.callId;
  uri.parse(view.bytes, address.uriStart, address.uriEnd);
  return uri.userStart >= 0 ? view.text(uri.userStart, uri.userEnd) : view.text(address.uriStart, address.uriEnd);
}
