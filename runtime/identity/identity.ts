/** What a caller may be. `operator` may do all that `viewer` may. */
export const ROLES = ['node', 'plane', 'operator', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** One role under one id, or under each id that begins alike. */
export interface Grant {
  readonly role: Role;
  readonly id: string;
  /** True: `id` is only the beginning of the ids. */
  readonly prefix: boolean;
}

/** Who calls, as shown by a certificate or a token. */
export interface Identity {
  /** For log lines: `operator/alice`. */
  readonly name: string;
  readonly how: 'certificate' | 'token';
  /** At least one. */
  readonly grants: readonly Grant[];
  /** Of a token: SHA-256 as hex, by which it is found again. Not the token. */
  readonly tokenHash?: string;
}

/** Whether the caller has one of these roles, whatever its id. */
export function hasRole({ grants }: Identity, roles: readonly Role[]): boolean {
  return grants.some(({ role }) => roles.includes(role));
}

const WORKER = /\.w\d{1,2}$/;

/** Whether the caller has the role under this very id. A plane also speaks for its workers: `sip1` for `sip1.w2`. */
export function mayActAs({ grants }: Identity, role: Role, id: string): boolean {
  const owner = role === 'plane' ? id.replace(WORKER, '') : id;
  return grants.some(
    (grant) => grant.role === role && (grant.prefix ? id.startsWith(grant.id) : id === grant.id || owner === grant.id),
  );
}

/** `node/app1`, `node/app*`. */
export function grantText({ role, id, prefix }: Grant): string {
  return `${role}/${id}${prefix ? '*' : ''}`;
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
