import { messageOf } from '../errors';
import type { Logger } from '../logger';
import type { Random } from '../random';
import type { ControlPlaneList } from './control-plane-list';

export interface ControlPlaneRingOptions {
  readonly list: ControlPlaneList;
  /** Throws TriplaneError when an address must not be dialled. */
  readonly check: (address: string) => void;
  readonly random: Random;
  readonly logger: Logger;
}

/** Control planes in shuffled order, so that many processes spread over them; one is in use at a time. */
export class ControlPlaneRing {
  readonly #options: ControlPlaneRingOptions;
  readonly #refused = new Set<string>();
  #listed: readonly string[] = [];
  #order: string[] = [];
  #current: string;

  /** Throws what `check` throws for an address of the list as it is now. */
  constructor(options: ControlPlaneRingOptions) {
    this.#options = options;
    for (const address of options.list.addresses) options.check(address);
    this.#follow();
    this.#current = this.#order[0] ?? '';
  }

  /** The one in use. */
  get current(): string {
    return this.#current;
  }

  /** Goes on to the next, of the list as it is by now. */
  next(): string {
    this.#follow();
    this.#current = this.#order[(this.#order.indexOf(this.#current) + 1) % this.#order.length] ?? this.#current;
    return this.#current;
  }

  #follow(): void {
    const { list, random } = this.#options;
    if (list.addresses === this.#listed) return;
    this.#listed = list.addresses;
    const allowed = [...new Set(list.addresses)].filter((address) => this.#isAllowed(address));
    this.#order = this.#order.filter((address) => allowed.includes(address));
    for (const address of allowed) {
      if (this.#order.includes(address)) continue;
      this.#order.splice(Math.floor(random() * (this.#order.length + 1)), 0, address);
    }
  }

  /** One address in a catalog that may not be dialled must not cost the others. */
  #isAllowed(address: string): boolean {
    try {
      this.#options.check(address);
      return true;
    } catch (error) {
      if (!this.#refused.has(address))
        this.#options.logger.warn({ controlPlane: address, reason: messageOf(error) }, 'control plane is not used');
      this.#refused.add(address);
      return false;
    }
  }
}
