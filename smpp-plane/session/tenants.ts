import type { Counter, Counters } from '../../runtime/counters';

/** Messages and other requests of one system_id. */
export interface TenantCounters {
  /** Sent on to SMSCs. */
  readonly toServer: Counter;
  /** Sent on to ESMEs. */
  readonly toClient: Counter;
}

/** Names beyond this many are counted together: system_ids come from the network. */
const MAX_TENANTS = 1000;
const OTHERS = 'others';

/** The figures of each system_id that was bound. */
export class Tenants {
  readonly #counters: Counters;
  readonly #bySystemId = new Map<string, TenantCounters>();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  of(systemId: string): TenantCounters {
    const known = this.#bySystemId.get(systemId);
    if (known !== undefined) return known;
    const full = this.#bySystemId.size >= MAX_TENANTS;
    const name = full ? OTHERS : systemId.replaceAll(/[^A-Za-z0-9_-]/g, '_');
    const made = {
      toServer: this.#counters.counter(`smpp.systemId.${name}.toServer`),
      toClient: this.#counters.counter(`smpp.systemId.${name}.toClient`),
    };
    if (!full) this.#bySystemId.set(systemId, made);
    return made;
  }
}
