import { Kind } from './field-kinds';
import type { HeadParser } from './head-parser';
import { latin1 } from './octets';

const NONE: ReadonlySet<string> = new Set();

/** Named fields that stay all the same: routing, framing and trust rest on them. */
const KEPT: ReadonlySet<number> = new Set<number>([
  Kind.HOST,
  Kind.CONTENT_LENGTH,
  Kind.TRANSFER_ENCODING,
  Kind.COOKIE,
  Kind.FORWARDED,
  Kind.X_FOR,
  Kind.X_PROTO,
  Kind.X_HOST,
  Kind.X_PORT,
  Kind.VIA,
  Kind.WS_KEY,
  Kind.WS_VERSION,
  Kind.WS_ACCEPT,
]);

/**
 * The fields that Connection names away (RFC 9110 7.6.1), lower case. Rare: called only when Connection holds another token than
 * close, keep-alive, upgrade and te.
 */
export function fieldsNamedByConnection(head: HeadParser, buffer: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 0; i < head.count; i += 1) {
    if (head.kinds[i] !== Kind.CONNECTION) continue;
    const value = latin1(buffer, head.valueStarts[i], head.valueEnds[i]).toLowerCase();
    for (const token of value.split(',')) names.add(token.trim());
  }
  return names.size === 0 ? NONE : names;
}

/** Does the field at `index` end here because Connection names it? */
export function isNamedAway(
  names: ReadonlySet<string>,
  { head, buffer, index }: { head: HeadParser; buffer: Buffer; index: number },
): boolean {
  const kind = head.kinds[index] as number;
  if (KEPT.has(kind)) return false;
  const name = latin1(buffer, head.nameStarts[index], head.nameEnds[index]).toLowerCase();
  return names.has(name) && name !== 'set-cookie';
}
