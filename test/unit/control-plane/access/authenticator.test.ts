import {
  authenticate,
  type AuthenticatorOptions,
  type Credentials,
} from '../../../../control-plane/access/authenticator';
import type { Identity, TokenBook } from '../../../../runtime/identity';

const alice: Identity = {
  name: 'operator/alice',
  how: 'token',
  grants: [{ role: 'operator', id: 'alice', prefix: false }],
};
const asked: string[] = [];
const tokens = {
  find(token: string) {
    asked.push(token);
    return token === 'tp_good' ? alice : undefined;
  },
} as unknown as TokenBook;

const base: Credentials = { peerHost: '127.0.0.1', secure: false, certificate: undefined, authorization: undefined };
const options: AuthenticatorOptions = { trustDomain: 'triplane', certificateRequired: false, tokens };
const node = { subjectAltName: 'URI:spiffe://triplane/node/app1' };
const nameless = { subjectAltName: 'DNS:app1' };
const good = 'Bearer tp_good';

test.each<[string, Partial<Credentials>, Partial<AuthenticatorOptions>, string]>([
  ['a certificate', { secure: true, certificate: node }, {}, 'node/app1'],
  ['a certificate before a token', { secure: true, certificate: node, authorization: good }, {}, 'node/app1'],
  ['a token on loopback', { authorization: good }, {}, 'operator/alice'],
  ['a token on IPv6 loopback', { peerHost: '::1', authorization: good }, {}, 'operator/alice'],
  [
    'a token over TLS from elsewhere',
    { peerHost: '192.0.2.7', secure: true, authorization: good },
    {},
    'operator/alice',
  ],
  [
    'a token beside a nameless certificate',
    { secure: true, certificate: nameless, authorization: good },
    {},
    'operator/alice',
  ],
])('%s shows who calls', (_what, credentials, changed, name) => {
  expect(authenticate({ ...base, ...credentials }, { ...options, ...changed })).toMatchObject({ name });
});

test.each<[string, Partial<Credentials>, Partial<AuthenticatorOptions>, string]>([
  ['nothing', {}, {}, 'CREDENTIALS_MISSING'],
  ['a nameless certificate', { secure: true, certificate: nameless }, {}, 'IDENTITY_UNKNOWN'],
  ['a forged token', { authorization: 'Bearer tp_forged' }, {}, 'TOKEN_UNKNOWN'],
  ['another scheme', { authorization: 'Basic dHA6Z29vZA==' }, {}, 'TOKEN_UNKNOWN'],
  ['a token where none are taken', { authorization: good }, { tokens: undefined }, 'TOKEN_UNKNOWN'],
  [
    'no certificate where one is required',
    { secure: true, authorization: good },
    { certificateRequired: true },
    'CERTIFICATE_MISSING',
  ],
  [
    'a nameless certificate where one is required',
    { secure: true, certificate: nameless, authorization: good },
    { certificateRequired: true },
    'IDENTITY_UNKNOWN',
  ],
])('%s does not', (_what, credentials, changed, reason) => {
  expect(authenticate({ ...base, ...credentials }, { ...options, ...changed })).toMatchObject({ reason });
});

test('a good token in plain text from another address is refused without being looked at', () => {
  asked.length = 0;
  const result = authenticate({ ...base, peerHost: '192.0.2.7', authorization: good }, options);
  expect(result).toMatchObject({ reason: 'TOKEN_EXPOSED' });
  expect(asked).toEqual([]);
});
