import { ByteHash, HASH_CHARS } from '../affinity';
import { equalsBytes, wire, type MessageView } from '../message';
import { ownTagHash } from './transaction';

/** Marks the To tags of our own answers. */
export const OWN_TAG = wire('tp');

/** Knows the To tags of our own answers again: the ACK to one of them is for us and goes no further (RFC 3261 16.11, 8.2.7). Reused. */
export class OwnTag {
  readonly #hash = new ByteHash();
  readonly #text = Buffer.alloc(HASH_CHARS);

  /** Does the request answer an answer of ours? */
  isIn(view: MessageView): boolean {
    const { bytes, to } = view;
    if (to.tagEnd - to.tagStart !== OWN_TAG.length + HASH_CHARS || to.tagStart < 0) return false;
    ownTagHash(this.#hash, view);
    this.#hash.write(this.#text, 0);
    const hashStart = to.tagStart + OWN_TAG.length;
    return equalsBytes(bytes, to.tagStart, hashStart, OWN_TAG) && equalsBytes(bytes, hashStart, to.tagEnd, this.#text);
  }
}
