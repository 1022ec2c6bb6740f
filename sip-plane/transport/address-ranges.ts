import { Networks } from '../../runtime/networks';
import type { Peer } from './peer';

/** Answers kept; the addresses of strangers must not fill the memory. */
const MAX_KNOWN = 65_536;

/** Networks that are asked about each packet: an address is looked up once, then remembered. */
export class AddressRanges {
  readonly #networks: Networks;
  #known = new Map<number | string, boolean>();

  /** The texts are valid: the configuration has been checked. */
  constructor(ranges: readonly string[]) {
    this.#networks = new Networks(ranges);
  }

  has(peer: Peer): boolean {
    const key = peer.ipv4 >= 0 ? peer.ipv4 : peer.host;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known = new Map();
    const found = this.#networks.has(peer.host);
    this.#known.set(key, found);
    return found;
  }
}
