import { BlockList, isIPv6 } from 'node:net';

/** system_id to the networks that it may bind from: addresses or CIDR, such as 192.0.2.0/24. */
export type AllowedNetworks = Readonly<Record<string, readonly string[]>>;

/** Which system_ids may bind from where. A system_id that is not listed may bind from anywhere. */
export class AllowList {
  readonly #bySystemId: ReadonlyMap<string, BlockList>;

  constructor(allowed: AllowedNetworks) {
    this.#bySystemId = new Map(Object.entries(allowed).map(([systemId, networks]) => [systemId, listOf(networks)]));
  }

  /** `address`: an IP address without a port; undefined is from nowhere. */
  permits(systemId: string, address: string | undefined): boolean {
    const list = this.#bySystemId.get(systemId);
    if (list === undefined) return true;
    if (address === undefined) return false;
    const bare = address.startsWith('::ffff:') ? address.slice(7) : address;
    return list.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
