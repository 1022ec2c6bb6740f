import type { Random } from '../../runtime/random';
import type { MessageView } from '../message';
import type { Peer } from '../transport';

/** RFC 7339 4.3: how long a value holds when the node does not say. */
const DEFAULT_VALIDITY_MS = 500;
/** A node is not believed for longer than this at a time. */
const MAX_VALIDITY_MS = 60_000;
const MAX_PEERS = 20_000;

/** What one address asked for. */
interface Limit {
  seq: number;
  /** 0-100: how much less new work it wants. */
  percent: number;
  untilMs: number;
}

/** Loss-based overload control (RFC 7339): nodes say by `oc` in our Via how much of their new requests should go elsewhere. */
export class OverloadControl {
  readonly #random: Random;
  readonly #limits = new Map<Peer['key'], Limit>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Reads what a response says; the newest `oc-seq` of each address and port counts (OC-2). */
  heard({ bytes, topVia }: MessageView, peer: Peer, nowMs: number): void {
    if (topVia.ocStart < 0 || topVia.ocSeqStart < 0) return;
    const numberAt = (start: number, end: number): number => Number(bytes.toString('latin1', start, end));
    const percent = numberAt(topVia.ocStart, topVia.ocEnd);
    const seq = numberAt(topVia.ocSeqStart, topVia.ocSeqEnd);
    const validity =
      topVia.ocValidityStart < 0 ? DEFAULT_VALIDITY_MS : numberAt(topVia.ocValidityStart, topVia.ocValidityEnd);
    if (!(percent >= 0 && percent <= 100) || !(seq >= 0) || !(validity >= 0)) return;
    const known = this.#limits.get(peer.key);
    if (known !== undefined && seq <= known.seq) return;
    if (known === undefined && this.#limits.size >= MAX_PEERS) this.#limits.clear();
    this.#limits.set(peer.key, { seq, percent, untilMs: nowMs + Math.min(validity, MAX_VALIDITY_MS) });
  }

  /** Should this new request not go there? By chance, as often as the address asked for. */
  sheds(peer: Peer, nowMs: number): boolean {
    if (this.#limits.size === 0) return false;
    const limit = this.#limits.get(peer.key);
    if (limit === undefined || nowMs >= limit.untilMs) return false;
    return this.#random() * 100 < limit.percent;
  }
}
