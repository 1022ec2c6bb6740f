import { isLoopback } from '../../runtime/grpc';
import { certificateIdentity, type Identity, type TokenBook } from '../../runtime/identity';
import type { Denial, DenialReason } from './denial';

/** What a caller shows at the beginning of a call. */
export interface Credentials {
  /** IP address. */
  readonly peerHost: string;
  /** True: over TLS. */
  readonly secure: boolean;
  /** Of a client certificate that was verified; undefined: there was none. */
  readonly certificate: { readonly subjectAltName: string | undefined } | undefined;
  /** The header `authorization`. */
  readonly authorization: string | undefined;
}

export interface AuthenticatorOptions {
  readonly trustDomain: string;
  /** True: a token does not stand in for a certificate. */
  readonly certificateRequired: boolean;
  readonly tokens: TokenBook | undefined;
}

/** Who the caller is, or why that is not known. A certificate comes before a token. */
export function authenticate(credentials: Credentials, options: AuthenticatorOptions): Identity | Denial {
  const { certificate, authorization } = credentials;
  const identity = certificate && certificateIdentity(certificate.subjectAltName, options.trustDomain);
  if (identity !== undefined) return identity;
  if (options.certificateRequired && certificate === undefined) {
    return denial(
      'CERTIFICATE_MISSING',
      'expected a client certificate of a CA that this control plane trusts, got none',
    );
  }
  if (authorization !== undefined && !options.certificateRequired) return byToken(authorization, credentials, options);
  if (certificate !== undefined) {
    const expected = `expected a certificate with a name spiffe://${options.trustDomain}/<role>/<id>`;
    return denial('IDENTITY_UNKNOWN', `${expected}, got one without`);
  }
  const expected = options.tokens === undefined ? 'a client certificate' : 'a client certificate or a token';
  return denial('CREDENTIALS_MISSING', `expected ${expected}, got neither`);
}

function byToken(
  authorization: string,
  { secure, peerHost }: Credentials,
  { tokens }: AuthenticatorOptions,
): Identity | Denial {
  if (!secure && !isLoopback(peerHost)) {
    return denial(
      'TOKEN_EXPOSED',
      'a token came in plain text over the network and was not looked at; replace it, use TLS',
    );
  }
  const [, token = ''] = /^Bearer +([\x21-\x7E]{1,512})$/i.exec(authorization) ?? [];
  return (token === '' ? undefined : tokens?.find(token)) ?? denial('TOKEN_UNKNOWN', 'the token is not known here');
}

function denial(reason: DenialReason, message: string): Denial {
  return { reason, message };
}

export function isDenial(result: Identity | Denial): result is Denial {
  return 'reason' in result;
}
