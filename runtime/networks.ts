import { BlockList, isIP, isIPv6 } from 'node:net';

/** A set of addresses and networks (`10.0.0.0/8`, `2001:db8::/32`). IPv4 addresses that IPv6 sockets show (`::ffff:…`) count as IPv4. */
export class Networks {
  /** There are none. */
  readonly none: boolean;
  readonly #list = new BlockList();

  /** `networks`: as the schema of the configuration lets them through. */
  constructor(networks: readonly string[]) {
    this.none = networks.length === 0;
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string | undefined): boolean {
    if (this.none || address === undefined || isIP(address) === 0) return false;
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
