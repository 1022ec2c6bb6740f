import type { NodeTable } from '../../data-plane';

const MAX_KEYS = 8;

/** A secret of the control plane, and the character that names it. */
export interface SigningKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/**
 * The keys that hints and flows are signed with. The first one signs; keys that were used before stay valid, a bounded number of them, so
 * that calls and registrations outlive a change of keys and a control plane that starts anew.
 */
export class KeyRing {
  #keys: readonly SigningKey[] = [];

  /** Newest first. */
  get all(): readonly SigningKey[] {
    return this.#keys;
  }

  get signer(): SigningKey | undefined {
    return this.#keys[0];
  }

  /** Takes over the keys of a new table. */
  use(table: NodeTable): void {
    const fresh = (table.settings?.hintKeys ?? []).map(({ keyId, secret }) => ({ id: keyId.slice(0, 1), secret }));
    const older = this.#keys.filter((old) => !fresh.some((key) => sameKey(key, old)));
    this.#keys = [...fresh, ...older].slice(0, MAX_KEYS);
  }
}

function sameKey(a: SigningKey, b: SigningKey): boolean {
  return a.id === b.id && Buffer.compare(a.secret, b.secret) === 0;
}
