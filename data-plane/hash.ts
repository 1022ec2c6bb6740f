/** A 64-bit hash as two unsigned 32-bit halves. */
export interface Hash64 {
  readonly hi: number;
  readonly lo: number;
}

/**
 * Hashes the UTF-16 units of a text. Equal in every process, version and machine: affinity across planes rests on it,
 * so it never changes. Two FNV-1a style lanes with different primes, each finished by an avalanche.
 */
export function hashText(text: string): Hash64 {
  let hi = 0x811c9dc5;
  let lo = 0x9e3779b9;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    hi = Math.imul(hi ^ unit, 0x01000193);
    lo = Math.imul(lo ^ unit, 0x85ebca6b);
    lo ^= lo >>> 15;
  }
  return { hi: mix32(hi ^ text.length), lo: mix32(lo + text.length) };
}

/** Full avalanche of 32 bits (the finaliser of MurmurHash3, public domain). */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in (0, 1), uniform over pairs of hashes, made of 52 mixed bits. */
export function unitInterval(a: Hash64, b: Hash64): number {
  const hi = mix32(a.hi ^ Math.imul(b.hi, 0x9e3779b1) ^ b.lo);
  const lo = mix32(a.lo + Math.imul(b.lo, 0x85ebca77) + hi);
  return (hi * 0x10_0000 + (lo >>> 12) + 0.5) / 0x10_0000_0000_0000;
}
