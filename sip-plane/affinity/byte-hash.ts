import { mix32 } from '../../data-plane';

/** The characters of our branches, tags and hints: all are token characters, none needs mapping. */
const BASE32 = Buffer.from('abcdefghijklmnopqrstuvwxyz234567', 'latin1');

/**
 * A 64-bit hash fed with bytes and numbers, for branches, tags and cache keys. Two independent 32-bit lanes, avalanched at the end;
 * equal in every process and version, because branches of one transaction must be equal at every instance. Reused.
 */
export class ByteHash {
  hi = 0;
  lo = 0;
  #length = 0;

  /** Starts anew; different seeds make different hash families. */
  reset(seed: number): void {
    this.hi = 0x811c9dc5 ^ seed;
    this.lo = 0x9e3779b9 + Math.imul(seed, 0x85ebca6b);
    this.#length = 0;
  }

  /** Takes over a hash that is finished. */
  set(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
  }

  bytes(source: Buffer, start: number, end: number): void {
    let hi = this.hi;
    let lo = this.lo;
    for (let i = start; i < end; i += 1) {
      const byte = source[i] as number;
      hi = Math.imul(hi ^ byte, 0x01000193);
      lo = Math.imul(lo + byte, 0xcc9e2d51);
      lo = (lo << 15) | (lo >>> 17);
    }
    this.hi = hi;
    this.lo = lo;
    this.#length += end - start;
  }

  /** Any 32 bits; also parts texts from each other. */
  number(value: number): void {
    this.hi = Math.imul(this.hi ^ value, 0x01000193) ^ (value >>> 15);
    this.lo = Math.imul(this.lo + value, 0x1b873593);
    this.lo = (this.lo << 13) | (this.lo >>> 19);
    this.#length += 4;
  }

  /** Ends the hash; `hi` and `lo` are unsigned 32-bit numbers then. */
  finish(): void {
    this.hi = mix32(this.hi ^ this.#length);
    this.lo = mix32(this.lo + Math.imul(this.hi, 0x9e3779b1));
  }

  /** Writes the 64 bits as 13 characters; returns the place after them. */
  write(target: Buffer, at: number): number {
    write32(target, at, this.hi, 7);
    return write32(target, at + 7, this.lo, 6);
  }
}

/** Length of what `ByteHash.write` writes. */
export const HASH_CHARS = 13;

/** Writes the lowest 5 * `chars` bits of a 32-bit number, lowest first; returns the place after them. */
export function write32(target: Buffer, at: number, value: number, chars: number): number {
  for (let i = 0; i < chars; i += 1) target[at + i] = BASE32[(value >>> (5 * i)) & 31] as number;
  return at + chars;
}

/** Writes the lowest 5 * `chars` bits of a non-negative whole number, lowest first; returns the place after them. */
export function writeBase32(target: Buffer, at: number, value: number, chars: number): number {
  let rest = value;
  for (let i = 0; i < chars; i += 1) {
    const digit = rest % 32;
    target[at + i] = BASE32[digit] as number;
    rest = (rest - digit) / 32;
  }
  return at + chars;
}

/** Reads what `writeBase32` wrote; -1 when another character is in it. */
export function readBase32(bytes: Buffer, at: number, chars: number): number {
  let value = 0;
  for (let i = chars - 1; i >= 0; i -= 1) {
    const byte = bytes[at + i] as number;
    const digit = byte >= 97 && byte <= 122 ? byte - 97 : byte >= 50 && byte <= 55 ? byte - 24 : -1;
    if (digit < 0) return -1;
    value = value * 32 + digit;
  }
  return value;
}

/** Bytes as base 32 text of `chars` characters, five bits each from the front. */
export function base32Text(bytes: Uint8Array, chars: number): string {
  let text = '';
  let bits = 0;
  let held = 0;
  let next = 0;
  while (text.length < chars) {
    if (bits < 5) {
      held = (held << 8) | (bytes[next] ?? 0);
      next += 1;
      bits += 8;
    }
    bits -= 5;
    text += String.fromCharCode(BASE32[(held >>> bits) & 31] as number);
    held &= (1 << bits) - 1;
  }
  return text;
}
