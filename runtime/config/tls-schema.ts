import { z } from 'zod';

/**
 * The keys of every `tls` section. Paths are relative to the working directory. Files are read at the start, checked there, and read
 * again when they change or on SIGHUP; connections that exist stay.
 */
const file = z.string().min(1);

const own = {
  certFile: file.optional().describe('Own certificate and what leads to its CA, PEM. Needs keyFile.'),
  keyFile: file.optional().describe('Private key of certFile, PEM.'),
  pfxFile: file.optional().describe('Own certificate and key as PKCS#12, instead of certFile and keyFile.'),
  passphraseFile: file.optional().describe('File whose first line opens keyFile or pfxFile.'),
};

const shared = {
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version spoken.'),
  ciphers: z.string().min(1).optional().describe("OpenSSL's cipher list; absent: that of Node."),
};

interface OwnFiles {
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly pfxFile?: string | undefined;
}

/** One certificate at most, and never half of one. */
function isWhole({ certFile, keyFile, pfxFile }: OwnFiles): boolean {
  if (pfxFile !== undefined) return certFile === undefined && keyFile === undefined;
  return (certFile === undefined) === (keyFile === undefined);
}

/** For listeners: `tls: tlsServer.optional()`; absent means no TLS. */
export const tlsServer = z
  .strictObject({
    ...own,
    caFile: file.optional().describe('CAs that client certificates must come from, PEM.'),
    clientCertificates: z
      .enum(['disabled', 'want', 'required'])
      .default('disabled')
      .describe('Whether clients are asked for a certificate of caFile, and whether they must have one.'),
    ...shared,
  })
  .refine((tls) => isWhole(tls) && (tls.certFile ?? tls.pfxFile) !== undefined, {
    error: 'expected certFile and keyFile, or pfxFile',
  })
  .refine((tls) => tls.clientCertificates === 'disabled' || tls.caFile !== undefined, {
    path: ['caFile'],
    error: 'expected the CAs of client certificates, since clientCertificates asks for them',
  });

/** One more certificate of a listener, for clients that name its host (SNI). */
export const tlsCertificate = z
  .strictObject(own)
  .refine((tls) => isWhole(tls) && (tls.certFile ?? tls.pfxFile) !== undefined, {
    error: 'expected certFile and keyFile, or pfxFile',
  });

/** For connections to others: `tls: tlsClient.optional()`. Peers are always verified; without caFile against the CAs that Node trusts. */
export const tlsClient = z
  .strictObject({
    ...own,
    caFile: file.optional().describe('CAs that peers must have their certificate from, PEM; absent: those of Node.'),
    ...shared,
  })
  .refine(isWhole, { error: 'expected certFile and keyFile together, or pfxFile alone' });
