import { certificateIdentity } from '../../../../runtime/identity';

test('the URI name of the trust domain says role and id', () => {
  expect(certificateIdentity('URI:spiffe://triplane/node/app1, IP Address:127.0.0.1', 'triplane')).toEqual({
    name: 'node/app1',
    how: 'certificate',
    grants: [{ role: 'node', id: 'app1', prefix: false }],
  });
});

test('several URI names make several grants', () => {
  const names = 'DNS:app.example, URI:spiffe://triplane/node/app1, URI:spiffe://triplane/plane/p1';
  expect(certificateIdentity(names, 'triplane')?.grants.map(({ role }) => role)).toEqual(['node', 'plane']);
});

test.each([
  ['no names at all', undefined],
  ['an empty text', ''],
  ['another trust domain', 'URI:spiffe://other/node/app1'],
  ['a trust domain that only begins alike', 'URI:spiffe://triplane.evil/node/app1'],
  ['an unknown role', 'URI:spiffe://triplane/root/app1'],
  ['no id', 'URI:spiffe://triplane/node/'],
  ['a deeper path', 'URI:spiffe://triplane/node/app1/more'],
  ['a wildcard', 'URI:spiffe://triplane/node/app*'],
  ['another kind of name', 'DNS:spiffe://triplane/node/app1'],
  ['a common name only', 'CN:spiffe://triplane/node/app1'],
  ['another scheme', 'URI:https://triplane/node/app1'],
  ['a quoted name that holds one of ours', 'DNS:"x, URI:spiffe://triplane/operator/mallory"'],
  ['a quoted URI', 'URI:"spiffe://triplane/operator/mallory, x"'],
  ['a quoted name with escaped quotes', String.raw`DNS:"x\", URI:spiffe://triplane/operator/mallory"`],
])('%s is no identity', (_what, subjectAltName) => {
  expect(certificateIdentity(subjectAltName, 'triplane')).toBeUndefined();
});

test('a name after a quoted one still counts', () => {
  expect(certificateIdentity('DNS:"a, b", URI:spiffe://triplane/viewer/v', 'triplane')?.name).toBe('viewer/v');
});
