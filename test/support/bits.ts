/** Chance with a seed: the same numbers in every run. */
export interface Bits {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** A number in [0, 1). */
  next(): number;
}

/** A xorshift generator; good enough to mutate bytes with. */
export function randomFrom(seed: number): Bits {
  let state = seed | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}
