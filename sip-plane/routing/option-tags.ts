import { COMMA, HeaderKind, SEMICOLON, equalsLower, isLws, type MessageView } from '../message';

/** Does a Supported header name an option (RFC 3261 20.37)? `option` in lower case. */
export function supports(view: MessageView, option: Buffer): boolean {
  const { bytes } = view;
  for (let index = view.header(HeaderKind.SUPPORTED); index >= 0; index = view.next(index)) {
    const end = view.valueEnd(index);
    let start = view.valueStart(index);
    for (let at = start; at <= end; at += 1) {
      if (at < end && bytes[at] !== COMMA) continue;
      let last = at;
      while (start < last && isLws(bytes[start] as number)) start += 1;
      while (last > start && isLws(bytes[last - 1] as number)) last -= 1;
      if (equalsLower(bytes, start, last, option)) return true;
      start = at + 1;
    }
  }
  return false;
}

/** Does the first Contact have a parameter without value, of the URI or the header? `name` in lower case, at least one character. */
export function contactSays(view: MessageView, name: Buffer): boolean {
  const index = view.header(HeaderKind.CONTACT);
  if (index < 0) return false;
  const { bytes } = view;
  const end = view.valueEnd(index);
  for (let at = view.valueStart(index); at + name.length < end; at += 1) {
    if (bytes[at] !== SEMICOLON) continue;
    const after = at + 1 + name.length;
    if (equalsLower(bytes, at + 1, after, name) && (after === end || !isWordByte(bytes[after] as number))) return true;
  }
  return false;
}

const isWordByte = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 61 || byte === 45;
