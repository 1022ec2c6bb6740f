import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Certificate and key as PEM files. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface IssueOptions {
  /** As openssl writes them: `URI:spiffe://triplane/node/app1`, `DNS:a.example`. 127.0.0.1, ::1 and localhost are there unless `[]`. */
  readonly names?: readonly string[];
  /** Default 30; 0 and less: it has ended already. */
  readonly days?: number;
}

const LOCAL = ['IP:127.0.0.1', 'IP:::1', 'DNS:localhost'];

/** A CA of the test's own in a folder of its own, made with openssl. Tests that use it go through `describeWith('openssl', ...)`. */
export class TestCa {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'triplane-ca-'));
  readonly caFile = path.join(this.folder, 'ca.pem');
  readonly #keyFile = path.join(this.folder, 'ca.key');
  #made = 0;

  constructor(name = 'Triplane test CA') {
    process.once('exit', () => this.close());
    const key = this.#newKey(this.#keyFile);
    this.#openssl('req', '-x509', '-new', '-key', key, '-subj', `/CN=${name}`, '-days', '30', '-out', this.caFile);
  }

  /** Its own certificate. */
  get pem(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** A new key and a certificate for it. `commonName` names the files too. */
  issue(commonName: string, { names = LOCAL, days = 30 }: IssueOptions = {}): TestCertificate {
    const base = path.join(this.folder, `${commonName}-${(this.#made += 1)}`);
    const keyFile = this.#newKey(`${base}.key`);
    const certFile = `${base}.pem`;
    writeFileSync(`${base}.ext`, names.length > 0 ? `subjectAltName=${names.join(',')}\n` : '');
    this.#openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${commonName}`, '-out', `${base}.csr`);
    const signed = ['-CA', this.caFile, '-CAkey', this.#keyFile, '-CAcreateserial', '-extfile', `${base}.ext`];
    this.#openssl('x509', '-req', '-in', `${base}.csr`, ...signed, '-days', String(days), '-out', certFile);
    return { certFile, keyFile };
  }

  /** A client certificate for an identity of the trust domain `triplane`: `node/app1`, `operator/alice`. */
  identity(identity: string, trustDomain = 'triplane'): TestCertificate {
    return this.issue(identity.replace('/', '-'), { names: [`URI:spiffe://${trustDomain}/${identity}`, ...LOCAL] });
  }

  /** The same pair as PKCS#12. */
  pfx({ certFile, keyFile }: TestCertificate, passphrase: string): string {
    const file = certFile.replace(/pem$/, 'p12');
    this.#openssl(
      'pkcs12',
      '-export',
      '-in',
      certFile,
      '-inkey',
      keyFile,
      '-passout',
      `pass:${passphrase}`,
      '-out',
      file,
    );
    return file;
  }

  /** The key, encrypted. */
  encryptedKey(keyFile: string, passphrase: string): string {
    const file = `${keyFile}.enc`;
    this.#openssl('pkcs8', '-topk8', '-in', keyFile, '-passout', `pass:${passphrase}`, '-out', file);
    return file;
  }

  /** A file with this text. */
  file(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #newKey(file: string): string {
    this.#openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file);
    return file;
  }

  #openssl(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8', cwd: this.folder });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  }
}
