import type { ProxyFault, ProxyHeader } from './proxy-header';

/** Signature, version and command, family and protocol, length of the rest. */
const FIXED = 16;
/** Addresses and TLVs; senders use a few hundred octets. */
const MAX_REST = 4096;
const LOCAL = 0;
const PROXY = 1;

/** Octets that the addresses of a family take, by its number: unspecified, IPv4, IPv6, UNIX. */
const ADDRESS_OCTETS = [0, 12, 36, 216] as const;
const DATAGRAM = 2;

/** Version 2, behind its signature. TLVs are skipped. */
export function readBinaryHeader(bytes: Buffer): ProxyHeader | ProxyFault | undefined {
  if (bytes.length < FIXED) return undefined;
  const [versionAndCommand, familyAndProtocol] = [bytes.readUInt8(12), bytes.readUInt8(13)];
  if (versionAndCommand >> 4 !== 2) return 'version';
  const command = versionAndCommand & 0x0f;
  if (command !== LOCAL && command !== PROXY) return 'command';
  const rest = bytes.readUInt16BE(14);
  if (rest > MAX_REST) return 'length';
  const family = familyAndProtocol >> 4;
  const octets = ADDRESS_OCTETS[family];
  // LOCAL says nothing of addresses, whatever its family.
  if (command === PROXY && (octets === undefined || (familyAndProtocol & 0x0f) >= DATAGRAM)) return 'family';
  if (command === PROXY && rest < (octets ?? 0)) return 'length';
  const length = FIXED + rest;
  if (bytes.length < length) return undefined;
  return { length, source: command === PROXY ? sourceOf(bytes, family) : undefined };
}

function sourceOf(bytes: Buffer, family: number): ProxyHeader['source'] {
  if (family === 1) {
    return { address: bytes.subarray(FIXED, FIXED + 4).join('.'), port: bytes.readUInt16BE(FIXED + 8) };
  }
  if (family === 2) return { address: ipv6(bytes, FIXED), port: bytes.readUInt16BE(FIXED + 32) };
  return undefined;
}

/** As people write it (RFC 5952): lower case, the longest run of zeros as `::`. */
function ipv6(bytes: Buffer, start: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(start + 2 * index).toString(16));
  const run = longestZeros(groups);
  if (run.count < 2) return groups.join(':');
  return `${groups.slice(0, run.at).join(':')}::${groups.slice(run.at + run.count).join(':')}`;
}

function longestZeros(groups: readonly string[]): { at: number; count: number } {
  let [best, count] = [{ at: 0, count: 0 }, 0];
  groups.forEach((group, index) => {
    count = group === '0' ? count + 1 : 0;
    if (count > best.count) best = { at: index + 1 - count, count };
  });
  return best;
}
