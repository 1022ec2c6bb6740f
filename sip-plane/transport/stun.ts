import { ipv6Groups } from './ipv6';
import type { Peer } from './peer';

/** The longest answer that is written, bytes. */
export const STUN_ANSWER_BYTES = 64;

const HEADER = 20;
const COOKIE = 0x2112_a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const XOR_MAPPED_ADDRESS = 0x0020;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
/** USERNAME, MESSAGE-INTEGRITY, REALM, NONCE: understood, and of no meaning for a keepalive. */
const KNOWN = new Set([0x0006, 0x0008, 0x0014, 0x0015]);
/** Attributes from here on may be ignored. */
const OPTIONAL = 0x8000;

/** Does this datagram begin like STUN (RFC 5389 6)? No SIP message does: those begin with a letter. */
export function isStun(bytes: Buffer, start: number, end: number): boolean {
  return (bytes[start] as number) < 4 && end - start >= HEADER && bytes.readUInt32BE(start + 4) === COOKIE;
}

/**
 * Writes the answer to a Binding request: where it came from (RFC 5626 8, RFC 5389 7.3.1), or 420 when it has an attribute that must be
 * understood and is not. Returns its length; 0: no Binding request, or a broken one, which gets no answer.
 */
export function answerStun(bytes: Buffer, start: number, end: number, source: Peer, out: Buffer, at: number): number {
  const length = bytes.readUInt16BE(start + 2);
  if (bytes.readUInt16BE(start) !== BINDING_REQUEST || length % 4 !== 0 || HEADER + length !== end - start) return 0;
  const unknown = firstUnknown(bytes, start + HEADER, end);
  if (unknown < 0) return 0;
  bytes.copy(out, at + 4, start + 4, start + HEADER);
  const next = unknown > 0 ? writeError(out, at + HEADER, unknown) : writeAddress(out, at, source);
  out.writeUInt16BE(unknown > 0 ? BINDING_ERROR : BINDING_SUCCESS, at);
  out.writeUInt16BE(next - at - HEADER, at + 2);
  return next - at;
}

/** The first attribute that must be understood and is not; 0: none; -1: the attributes do not fill the message. */
function firstUnknown(bytes: Buffer, start: number, end: number): number {
  let at = start;
  let found = 0;
  while (at + 4 <= end) {
    const type = bytes.readUInt16BE(at);
    if (found === 0 && type < OPTIONAL && !KNOWN.has(type)) found = type;
    at += 4 + Math.ceil(bytes.readUInt16BE(at + 2) / 4) * 4;
  }
  return at === end ? found : -1;
}

/** After the header of the answer at `at`; its cookie and transaction id stand there already. */
function writeAddress(out: Buffer, at: number, source: Peer): number {
  const value = at + HEADER + 4;
  const length = source.family === 4 ? 4 : 16;
  out.writeUInt16BE(XOR_MAPPED_ADDRESS, at + HEADER);
  out.writeUInt16BE(4 + length, at + HEADER + 2);
  out.writeUInt16BE(source.family === 4 ? 1 : 2, value);
  out.writeUInt16BE(source.port ^ (COOKIE >>> 16), value + 2);
  if (source.family === 4) out.writeUInt32BE((source.ipv4 ^ COOKIE) >>> 0, value + 4);
  else {
    const groups = ipv6Groups(source.host) ?? [];
    for (let i = 0; i < 8; i += 1) {
      out.writeUInt16BE((groups[i] ?? 0) ^ out.readUInt16BE(at + 4 + i * 2), value + 4 + i * 2);
    }
  }
  return value + 4 + length;
}

function writeError(out: Buffer, at: number, unknown: number): number {
  out.writeUInt16BE(ERROR_CODE, at);
  out.writeUInt16BE(4, at + 2);
  out.writeUInt32BE((4 << 8) | 20, at + 4);
  out.writeUInt16BE(UNKNOWN_ATTRIBUTES, at + 8);
  out.writeUInt16BE(2, at + 10);
  out.writeUInt16BE(unknown, at + 12);
  out.writeUInt16BE(0, at + 14);
  return at + 16;
}
