import { BlockList, isIP, isIPv6 } from 'node:net';

/** Proxies in front of us, by address or network (`10.0.0.0/8`): what they say about their clients is believed. */
export class TrustedPeers {
  readonly #list = new BlockList();
  readonly #some: boolean;

  constructor(networks: readonly string[]) {
    this.#some = networks.length > 0;
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string | undefined): boolean {
    if (!this.#some || address === undefined || isIP(address) === 0) return false;
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}
