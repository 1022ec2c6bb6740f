import { Account } from './account';
import type { EsmeBind } from '../session';
import { HEADER_BYTES } from '../wire';
import type { PoolDeps } from './pool-deps';
import { UpstreamPool } from './upstream-pool';

const IDENTITY_FIELDS = 3;

/** The accounts that have ESMEs bound, and their pools: one per kind of bind. */
export class Accounts {
  readonly #deps: PoolDeps;
  readonly #accounts = new Map<string, Account>();
  readonly #keys = new Map<Account, string>();
  /** By everything that a bind says but its sequence number: ESMEs that differ in anything share no bind. */
  readonly #pools = new Map<string, UpstreamPool>();
  /** Those of `#pools` and those that still take leave of their SMSCs. */
  readonly #running = new Set<UpstreamPool>();

  constructor(deps: PoolDeps) {
    this.#deps = deps;
  }

  /** The account and pool of a bind; a new pool is not started yet. Credentials are for the SMSCs to judge. */
  poolFor(bind: EsmeBind): { account: Account; pool: UpstreamPool } {
    const account = this.#accountOf(bind);
    const key = `${bind.command}\0${bind.pdu.toString('latin1', HEADER_BYTES)}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return { account, pool: known };
    const pool = new UpstreamPool(this.#deps, {
      account,
      command: bind.command,
      identity: { bind: bind.pdu, systemId: bind.fields.systemId, sessionId: `${this.#deps.session.random()}` },
      onEnd: () => {
        if (this.#pools.get(key) === pool) this.#pools.delete(key);
      },
      onGone: () => void this.#running.delete(pool),
    });
    this.#pools.set(key, pool);
    this.#running.add(pool);
    return { account, pool };
  }

  /** Nobody of the account is bound any more. */
  forget(account: Account): void {
    const key = this.#keys.get(account);
    this.#keys.delete(account);
    if (key !== undefined) this.#accounts.delete(key);
  }

  membersChanged(): void {
    for (const pool of this.#pools.values()) pool.membersChanged();
  }

  tick(nowMs: number): void {
    for (const pool of this.#running) pool.tick(nowMs);
  }

  #accountOf(bind: EsmeBind): Account {
    const key = identityOf(bind.pdu);
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account = new Account(this.#deps, bind.fields.systemId);
    this.#accounts.set(key, account);
    this.#keys.set(account, key);
    return account;
  }
}

/** system_id, password and system_type as they came. */
function identityOf(pdu: Buffer): string {
  let end = HEADER_BYTES;
  for (let field = 0; field < IDENTITY_FIELDS; field += 1) {
    const nul = pdu.indexOf(0, end);
    end = nul < 0 ? pdu.length : nul + 1;
  }
  return pdu.toString('latin1', HEADER_BYTES, end);
}
