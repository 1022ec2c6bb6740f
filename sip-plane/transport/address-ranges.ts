import { BlockList } from 'node:net';
import type { Peer } from './peer';

/** Answers kept; the addresses of strangers must not fill the memory. */
const MAX_KNOWN = 65_536;

/** A list of addresses and ranges (`10.0.0.0/8`, `fd00::/8`). Each address is looked up once, then remembered. */
export class AddressRanges {
  readonly #list = new BlockList();
  #known = new Map<number | string, boolean>();

  /** The texts are valid: the configuration has been checked. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', bits] = range.split('/');
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      this.#list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
    }
  }

  has(peer: Peer): boolean {
    const key = peer.ipv4 >= 0 ? peer.ipv4 : peer.host;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known = new Map();
    const found = this.#list.check(peer.host, peer.family === 4 ? 'ipv4' : 'ipv6');
    this.#known.set(key, found);
    return found;
  }
}
