import { Networks } from '../../runtime/networks';

/** system_id to the networks that it may bind from: addresses or CIDR, such as 192.0.2.0/24. */
export type AllowedNetworks = Readonly<Record<string, readonly string[]>>;

/** Which system_ids may bind from where. A system_id that is not listed may bind from anywhere. */
export class AllowList {
  readonly #bySystemId: ReadonlyMap<string, Networks>;

  constructor(allowed: AllowedNetworks) {
    this.#bySystemId = new Map(
      Object.entries(allowed).map(([systemId, networks]) => [systemId, new Networks(networks)]),
    );
  }

  /** `address`: an IP address without a port; undefined is from nowhere. */
  permits(systemId: string, address: string | undefined): boolean {
    return this.#bySystemId.get(systemId)?.has(address) ?? true;
  }
}
