import { createHash, randomBytes } from 'node:crypto';
import { TriplaneError } from '../errors';
import { ROLES, grantText, isRole, type Grant } from './identity';

const PATTERN = /^([A-Za-z0-9._-]{0,64})(\*?)$/;
const BYTES = 32;

/** A new random token; `tp_` shows people and scanners of repositories what it is. */
export function newToken(): string {
  return `tp_${randomBytes(BYTES).toString('base64url')}`;
}

/** SHA-256 as hex. Enough for a secret of 256 random bits; passwords would need a slow hash. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A line of the tokens file: `sha256hex role id`. */
export function tokenLine(token: string, grant: Grant): string {
  return `${tokenHash(token)} ${grantText(grant).replace('/', ' ')}`;
}

/** `node`, `app*`: the ids that begin with `app`. Throws USAGE. */
export function grantFrom(role: string, pattern: string): Grant {
  const [, id = '', star = ''] = PATTERN.exec(pattern) ?? [];
  if (!isRole(role)) throw new TriplaneError('USAGE', `expected a role of ${ROLES.join(', ')}, got ${role}`);
  if (id === '' && star === '') {
    const expected = 'expected an id of 1-64 characters of A-Z a-z 0-9 . _ -, or its beginning and *';
    throw new TriplaneError('USAGE', `${expected}, got ${JSON.stringify(pattern)}`);
  }
  return { role, id, prefix: star === '*' };
}
