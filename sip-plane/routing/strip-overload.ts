import { EQUALS, SEMICOLON, isOverload, isToken, paramValueEnd, skipLws, type Edits, type ViaView } from '../message';

/** Takes the parameters of overload control out of a Via: they are between neighbours, and what one says to us is not for the next (RFC 7339 5.4). */
export function stripOverload(edits: Edits, bytes: Buffer, via: ViaView): void {
  const end = via.valueEnd;
  let at = skipLws(bytes, via.sentByEnd, end);
  while (at < end && bytes[at] === SEMICOLON) {
    const nameStart = skipLws(bytes, at + 1, end);
    let nameEnd = nameStart;
    while (nameEnd < end && isToken(bytes[nameEnd] as number)) nameEnd += 1;
    let after = nameEnd;
    const equals = skipLws(bytes, nameEnd, end);
    if (equals < end && bytes[equals] === EQUALS) after = paramValueEnd(bytes, skipLws(bytes, equals + 1, end), end);
    if (isOverload(bytes, nameStart, nameEnd)) edits.begin(at, after - at);
    at = skipLws(bytes, after, end);
  }
}
