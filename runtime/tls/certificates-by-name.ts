import type { SecureContext } from 'node:tls';
import type { TlsMaterial } from './tls-material';

/**
 * The certificates of one listener by the DNS names in them: for servers whose clients name the host they want (SNI, RFC 6066 3). An
 * exact name comes before `*.` and one label (RFC 6125 6.4.3); of two certificates for one name the first. Follows changed files.
 */
export class CertificatesByName {
  readonly #materials: readonly TlsMaterial[];
  readonly #byName = new Map<string, TlsMaterial>();

  constructor(materials: readonly TlsMaterial[]) {
    this.#materials = materials;
    this.#arrange();
    for (const material of materials) material.onChange(() => this.#arrange());
  }

  /** For `SNICallback`; undefined: none is for that name, the server's own will do. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const dot = name.indexOf('.');
    const found = this.#byName.get(name) ?? (dot === -1 ? undefined : this.#byName.get(`*${name.slice(dot)}`));
    return found?.context;
  }

  #arrange(): void {
    this.#byName.clear();
    for (const material of this.#materials) {
      for (const name of material.names) if (!this.#byName.has(name)) this.#byName.set(name, material);
    }
  }
}
