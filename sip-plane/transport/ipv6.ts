import { networkInterfaces } from 'node:os';

/** The eight groups of an IPv6 address in any of its spellings, a zone left out; undefined: it is none. */
export function ipv6Groups(text: string): number[] | undefined {
  const [address = ''] = text.split('%', 1);
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const tail = groupsOf(halves[1] ?? '');
  if (head === undefined || tail === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const zeros = 8 - head.length - tail.length;
  return zeros < 1 ? undefined : [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const octets = index === parts.length - 1 ? dotted(part) : undefined;
      if (octets === undefined) return undefined;
      groups.push(...octets);
    }
  }
  return groups;
}

/** The last two groups as dotted decimals. */
function dotted(text: string): [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number];
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d];
}

/** The one spelling that the system uses (RFC 5952): lower case, no leading zeros, the longest run of zeros left out; undefined: no IPv6. */
export function canonicalIpv6(text: string): string | undefined {
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  const [a, b, c, d, e, f, g = 0, h = 0] = groups;
  // An IPv4 address in IPv6 clothes is written as what it is.
  if (f === 0xffff && !a && !b && !c && !d && !e) return `::ffff:${g >> 8}.${g & 255}.${h >> 8}.${h & 255}`;
  let best = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > bestLength) [best, bestLength] = [start, length];
  }
  const hex = (from: number, to?: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return best < 0 ? hex(0) : `${hex(0, best)}::${hex(best + bestLength)}`;
}

/** The address as four numbers of 32 bits; all zero when it is none. */
export function ipv6Words(text: string): Uint32Array {
  const groups = ipv6Groups(text) ?? [];
  return Uint32Array.from({ length: 4 }, (_, i) => ((groups[i * 2] ?? 0) << 16) | (groups[i * 2 + 1] ?? 0));
}

/** The address of four numbers at `at` in the system's spelling; with a scope that is not 0, its zone behind it. */
export function ipv6Text(words: Uint32Array, at: number, scope: number): string {
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((words[at + (i >> 1)] as number) >>> (i % 2 === 0 ? 16 : 0)) & 0xffff,
  );
  const address = canonicalIpv6(groups.map((group) => group.toString(16)).join(':')) ?? '::';
  return scope === 0 ? address : `${address}%${zoneName(scope)}`;
}

/** The index of the interface that a zone names, `eth0` or `2`; 0: the address has none, or one that is not there. */
export function zoneIndex(host: string): number {
  const [, zone] = host.split('%', 2);
  if (zone === undefined) return 0;
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  return networkInterfaces()[zone]?.find(({ family }) => family === 'IPv6')?.scopeid ?? 0;
}

function zoneName(scope: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some(({ family, scopeid }) => family === 'IPv6' && scopeid === scope) === true) return name;
  }
  return String(scope);
}
