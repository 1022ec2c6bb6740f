import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { TriplaneError, messageOf } from '../errors';

/** A `tls` section of the configuration, of a listener or of a client. */
export interface TlsSettings {
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly pfxFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly ciphers?: string | undefined;
  /** Of listeners only. */
  readonly clientCertificates?: 'disabled' | 'want' | 'required' | undefined;
}

/** What the files hold at one moment, checked. */
export interface LoadedTls {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  /** When the own certificate ends; undefined without one. */
  readonly validTo: Date | undefined;
  /** DNS names that the own certificate is for, lower case; may begin with `*.`. */
  readonly names: readonly string[];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads and checks everything that `settings` name. Throws TLS_MATERIAL, which names the listener or client (`what`), the file and the fault. */
export function loadTls(settings: TlsSettings, what: string): LoadedTls {
  const { certFile, keyFile, pfxFile, passphraseFile, caFile, minVersion, ciphers } = settings;
  const fail = (file: string, fault: string): never => {
    throw new TriplaneError('TLS_MATERIAL', `${what}: ${file}: ${fault}`, { details: { what, file } });
  };
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      return fail(file, `cannot be read: ${messageOf(error)}`);
    }
  };
  const passphrase = passphraseFile && (read(passphraseFile).toString().split(/\r?\n/, 1)[0] ?? '');
  const cert = certFile && read(certFile);
  const key = keyFile && read(keyFile);
  const pfx = pfxFile && read(pfxFile);
  const ca = caFile && read(caFile);
  const chain = certFile && cert ? certificatesOf(cert, certFile, fail) : [];
  if (caFile && ca) certificatesOf(ca, caFile, fail);
  if (keyFile && key) checkKey({ key, passphrase, keyFile, leaf: chain[0], certFile }, fail);
  const options: SecureContextOptions = {
    minVersion: minVersion ?? 'TLSv1.2',
    ...(cert && { cert }),
    ...(key && { key }),
    ...(pfx && { pfx }),
    ...(ca && { ca }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ciphers !== undefined && { ciphers, honorCipherOrder: true }),
  };
  try {
    const context = createSecureContext(options);
    const own = chain[0] ?? ownCertificate(context);
    return { options, context, validTo: own && new Date(own.validTo), names: own === undefined ? [] : namesOf(own) };
  } catch (error) {
    return fail(pfxFile ?? certFile ?? caFile ?? 'ciphers', explain(error, settings));
  }
}

/** Of the certificate's alternative names; of its subject when it has none (RFC 6125 6.4.4). */
function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const names = [...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)];
  const found = names.length > 0 ? names : [...subject.matchAll(/(?:^|\n)CN=([^\n]+)/g)];
  return found.map(([, name = '']) => name.toLowerCase());
}

type Fail = (file: string, fault: string) => never;

function certificatesOf(pem: Buffer, file: string, fail: Fail): X509Certificate[] {
  const blocks = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) fail(file, 'expected PEM certificates ("-----BEGIN CERTIFICATE-----"), got none');
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      return fail(file, `certificate ${index + 1} cannot be understood: ${messageOf(error)}`);
    }
  });
}

interface KeyCheck {
  readonly key: Buffer;
  readonly passphrase: string | undefined;
  readonly keyFile: string;
  readonly leaf: X509Certificate | undefined;
  readonly certFile: string | undefined;
}

function checkKey({ key, passphrase, keyFile, leaf, certFile }: KeyCheck, fail: Fail): void {
  try {
    const privateKey = createPrivateKey({ key, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
    if (leaf?.checkPrivateKey(privateKey) !== false) return;
  } catch (error) {
    const hint = passphrase === undefined ? 'set passphraseFile if it is encrypted' : 'is it the right passphrase?';
    fail(keyFile, `expected a PEM private key: ${messageOf(error)}; ${hint}`);
  }
  fail(keyFile, `is not the key of the first certificate in ${certFile ?? 'certFile'}`);
}

function explain(error: unknown, { pfxFile }: TlsSettings): string {
  const said = messageOf(error);
  if (/no cipher match/i.test(said)) return 'ciphers: expected a cipher list of OpenSSL, none of them is known';
  if (pfxFile === undefined) return said;
  if (/mac verify/i.test(said)) return 'the passphrase is wrong; passphraseFile holds it in its first line';
  if (/unsupported/i.test(said)) return 'uses a cipher that OpenSSL 3 has retired; export it anew with AES';
  return `expected PKCS#12: ${said}`;
}

/** The certificate that PKCS#12 brought; Node shows it on the native context only. */
function ownCertificate(context: SecureContext): X509Certificate | undefined {
  const native = context.context as { getCertificate?: () => Buffer | null };
  const der = native.getCertificate?.() ?? undefined;
  return der && new X509Certificate(der);
}
