/** Who calls: roles and ids, shown by a certificate or by a token. */
export { certificateIdentity } from './certificate-identity';
export { hasRole, mayActAs, type Grant, type Identity, type Role } from './identity';
export { grantFrom, newToken, tokenHash, tokenLine } from './token';
export { TokenBook } from './token-book';
export { TokenSource } from './token-source';
