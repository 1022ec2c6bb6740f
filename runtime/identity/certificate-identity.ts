import { grantText, isRole, type Grant, type Identity } from './identity';

/** As Node writes a subjectAltName: entries separated by ", ", those with special characters quoted as JSON. */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)/gy;
const ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The identity in the URI names of a verified certificate: `spiffe://<trustDomain>/<role>/<id>`; several make several grants.
 * Undefined when there is none of this trust domain. Quoted entries never count, so that no name can smuggle in another.
 */
export function certificateIdentity(subjectAltName: string | undefined, trustDomain: string): Identity | undefined {
  const grants = urisOf(subjectAltName ?? '').flatMap((uri) => grantOf(uri, trustDomain) ?? []);
  const [first] = grants;
  return first && { name: grantText(first), how: 'certificate', grants };
}

function urisOf(subjectAltName: string): string[] {
  return [...subjectAltName.matchAll(ENTRY)].filter(([, kind]) => kind === 'URI').map(([, , value = '']) => value);
}

function grantOf(uri: string, trustDomain: string): Grant | undefined {
  const begin = `spiffe://${trustDomain}/`;
  if (!uri.startsWith(begin)) return undefined;
  const [role = '', id = '', ...more] = uri.slice(begin.length).split('/');
  return more.length === 0 && isRole(role) && ID.test(id) ? { role, id, prefix: false } : undefined;
}
