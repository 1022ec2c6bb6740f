import { COMMA, HeaderKind, equalsLower, isLws, type MessageView } from '../message';

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
