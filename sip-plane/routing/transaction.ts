import { HASH_CHARS, ByteHash, readBase32, write32, writeBase32 } from '../affinity';
import { HeaderKind, ScanHash, equalsBytes, wire, type Edits, type MessageView, type ViaView } from '../message';
import type { Hash64 } from '../../data-plane';

const COOKIE = wire('z9hG4bK');
const LOOP_PARAM = wire(';i=');
const CRLF = wire('\r\n');
const LOOP_CHARS = 6;
const CONNECTION_CHARS = 7;
/** Cookie, hash, letter of the listener. */
const BRANCH_CHARS = COOKIE.length + HASH_CHARS + 1;

const TRANSACTION_SEED = 1;
const BRANCH_SEED = 2;
const TAG_SEED = 4;
const CALL_SEED = 5;

/**
 * The identities of one request, all hashes of its bytes, so that a stateless proxy gives a retransmission the same branch and a CANCEL
 * or ACK that of its INVITE, at every instance (RFC 3261 16.11). Reused.
 */
export class Transaction {
  /** Of the client's transaction, without method. */
  readonly key = new ByteHash();
  /** Of the Call-ID. */
  readonly call = new ByteHash();
  /** Of what decides the way: listener, Request-URI, Route. 30 bits. */
  loop = 0;
  readonly #branch = new ByteHash();
  readonly #scratch = Buffer.alloc(64);

  /** Reads the identities of a request. */
  ofRequest(view: MessageView, listenerIndex: number): void {
    this.ofVia(view, view.topVia);
    this.ofCall(view);
    this.#loop(view, listenerIndex);
  }

  /** Reads the transaction that a Via names: the top one of a request, in a response the one under ours. */
  ofVia(view: MessageView, via: ViaView): void {
    const { bytes } = view;
    const { key } = this;
    if ((view.hashes & ScanHash.KEY) !== 0 && via === view.topVia) return key.set(view.keyHi, view.keyLo);
    key.reset(TRANSACTION_SEED);
    if (hasCookie(bytes, via)) {
      key.bytes(bytes, via.branchStart, via.branchEnd);
      key.number(0);
      key.bytes(bytes, via.sentByStart, via.sentByEnd);
    } else hash2543(view, key);
    key.finish();
  }

  /** Reads the Call-ID only. */
  ofCall(view: MessageView): void {
    if ((view.hashes & ScanHash.CALL) !== 0) return this.call.set(view.callHi, view.callLo);
    const index = view.header(HeaderKind.CALL_ID);
    if (index >= 0) callHash(this.call, view.bytes, view.valueStart(index), view.valueEnd(index));
  }

  /** Writes the rest of our Via after `branch=z9hG4bK`: a hash of transaction and node, where the request arrived, the loop mark. */
  writeVia(edits: Edits, node: Hash64 | undefined, listenerIndex: number, connectionId: number): void {
    const branch = this.#branch;
    branch.reset(BRANCH_SEED);
    branch.number(this.key.hi);
    branch.number(this.key.lo);
    branch.number(node?.hi ?? 0);
    branch.number(node?.lo ?? 0);
    branch.finish();
    const scratch = this.#scratch;
    let at = branch.write(scratch, 0);
    scratch[at] = 97 + listenerIndex;
    at += 1;
    if (connectionId > 0) at = writeBase32(scratch, at, connectionId, CONNECTION_CHARS);
    edits.copy(scratch, 0, at);
    edits.text(LOOP_PARAM);
    edits.copy(scratch, 0, write32(scratch, 0, this.loop, LOOP_CHARS));
    edits.text(CRLF);
  }

  /** Does this Via of ours carry the mark of the same way? Then the request loops (RFC 3261 16.3.4). */
  looped(bytes: Buffer, via: ViaView): boolean {
    if (via.loopStart < 0 || via.loopEnd - via.loopStart !== LOOP_CHARS) return false;
    return readBase32(bytes, via.loopStart, LOOP_CHARS) === this.loop;
  }

  #loop(view: MessageView, listenerIndex: number): void {
    const { bytes, uri } = view;
    let hash = 0x811c9dc5 ^ listenerIndex;
    for (let at = uri.start; at < uri.end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    for (let i = view.header(HeaderKind.ROUTE); i >= 0; i = view.next(i)) {
      for (let at = view.valueStart(i); at < view.valueEnd(i); at += 1) {
        hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
      }
    }
    this.loop = (hash ^ (hash >>> 15)) & 0x3fff_ffff;
  }
}

/** Where the request of a response arrived, read from our branch. Reused. */
export class ReturnPath {
  listenerIndex = -1;
  /** 0: no connection. */
  connectionId = 0;

  /** False: the branch is not of our making. */
  read(bytes: Buffer, via: ViaView): boolean {
    const length = via.branchEnd - via.branchStart;
    if (via.branchStart < 0 || (length !== BRANCH_CHARS && length !== BRANCH_CHARS + CONNECTION_CHARS)) return false;
    if (!equalsBytes(bytes, via.branchStart, via.branchStart + COOKIE.length, COOKIE)) return false;
    const letter = via.branchStart + BRANCH_CHARS - 1;
    this.listenerIndex = (bytes[letter] as number) - 97;
    this.connectionId = length === BRANCH_CHARS ? 0 : readBase32(bytes, letter + 1, CONNECTION_CHARS);
    return this.connectionId >= 0;
  }
}

/** The hash of a Call-ID, for the table of calls. */
export function callHash(hash: ByteHash, bytes: Buffer, start: number, end: number): void {
  hash.reset(CALL_SEED);
  hash.bytes(bytes, start, end);
  hash.finish();
}

/** The hash in the To tags of our own answers: of what the ACK to them repeats. */
export function ownTagHash(hash: ByteHash, view: MessageView): void {
  const { bytes, from } = view;
  const callId = view.header(HeaderKind.CALL_ID);
  hash.reset(TAG_SEED);
  if (callId >= 0) hash.bytes(bytes, view.valueStart(callId), view.valueEnd(callId));
  if (from.tagStart >= 0) hash.bytes(bytes, from.tagStart, from.tagEnd);
  hash.number(view.cseq);
  hash.finish();
}

/** Does the branch begin with RFC 3261's cookie and go on after it? */
function hasCookie(bytes: Buffer, via: ViaView): boolean {
  if (via.branchEnd - via.branchStart <= COOKIE.length || via.branchStart < 0) return false;
  return equalsBytes(bytes, via.branchStart, via.branchStart + COOKIE.length, COOKIE);
}

/** RFC 2543 clients have no useful branch: everything that tells transactions apart is hashed (RFC 3261 16.11). */
function hash2543(view: MessageView, hash: ByteHash): void {
  const { bytes, topVia, to, from, uri } = view;
  const callId = view.header(HeaderKind.CALL_ID);
  hash.bytes(bytes, topVia.valueStart, topVia.valueEnd);
  hash.number(1);
  if (to.tagStart >= 0) hash.bytes(bytes, to.tagStart, to.tagEnd);
  hash.number(2);
  if (from.tagStart >= 0) hash.bytes(bytes, from.tagStart, from.tagEnd);
  hash.number(3);
  if (callId >= 0) hash.bytes(bytes, view.valueStart(callId), view.valueEnd(callId));
  hash.number(view.cseq);
  hash.bytes(bytes, uri.start, uri.end);
}
