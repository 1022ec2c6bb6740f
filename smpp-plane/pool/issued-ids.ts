import { ExpiringMap } from './expiring-map';

export interface IssuedIdsOptions {
  readonly ttlMs: number;
  readonly maxEntries: number;
}

/**
 * Which message id which SMSC gave to whom. SMSCs write one id in several ways (submit_sm_resp in hex, receipt in decimal, zeros in
 * front, capitals): all spellings of a number find each other, and where two numbers could be meant, the way that the SMSC wrote
 * most of its ids so far decides. Bounded and expiring.
 */
export class IssuedIds<T> {
  readonly #byId: ExpiringMap<T>;
  /** By SMSC: how often each spelling was the only one that fitted. */
  readonly #habits = new Map<string, number[]>();

  constructor({ ttlMs, maxEntries }: IssuedIdsOptions) {
    this.#byId = new ExpiringMap(ttlMs, maxEntries);
  }

  get size(): number {
    return this.#byId.size;
  }

  add(smscId: string, messageId: string, owner: T, nowMs: number): void {
    this.#byId.set(`${smscId}\0${plain(messageId)}`, owner, nowMs);
  }

  /** Whose message it is, or undefined. */
  find(smscId: string, messageId: string, nowMs: number): T | undefined {
    const found: { owner: T; way: number }[] = [];
    for (const [way, id] of spellings(plain(messageId)).entries()) {
      const owner = id === undefined ? undefined : this.#byId.get(`${smscId}\0${id}`, nowMs);
      if (owner !== undefined) found.push({ owner, way });
    }
    const [first] = found;
    const habits = this.#habitsOf(smscId);
    if (first === undefined) return undefined;
    if (found.length === 1) {
      habits[first.way] = (habits[first.way] ?? 0) + 1;
      return first.owner;
    }
    return found.reduce((best, other) => ((habits[other.way] ?? 0) > (habits[best.way] ?? 0) ? other : best)).owner;
  }

  #habitsOf(smscId: string): number[] {
    let habits = this.#habits.get(smscId);
    if (habits === undefined) {
      habits = [0, 0, 0];
      this.#habits.set(smscId, habits);
    }
    return habits;
  }
}

/** Without capitals and leading zeros. */
function plain(id: string): string {
  let start = 0;
  while (start < id.length - 1 && id.charCodeAt(start) === 0x30) start += 1;
  return (start === 0 ? id : id.slice(start)).toLowerCase();
}

/** As it is, the decimal number in hex, the hex number in decimal. */
function spellings(id: string): (string | undefined)[] {
  const asHex = /^\d{1,32}$/.test(id) ? BigInt(id).toString(16) : undefined;
  const asDecimal = /^[0-9a-f]{1,32}$/.test(id) ? BigInt(`0x${id}`).toString(10) : undefined;
  return [id, asHex === id ? undefined : asHex, asDecimal === id ? undefined : asDecimal];
}
