/** What keeps calls at their nodes: keys, hints, and the short memory of a stateless proxy. */
export { AffinityKey, type AffinityKeyOptions } from './affinity-key';
export { ByteHash, HASH_CHARS, base32Text, readBase32, write32, writeBase32 } from './byte-hash';
export { CallTable, type CallNews, type CallTableOptions } from './call-table';
export { DecisionCache } from './decision-cache';
export { HintBook, type Hint } from './hint-book';
export { KeyRing, type SigningKey } from './key-ring';
export { NodeSlots } from './node-slots';
