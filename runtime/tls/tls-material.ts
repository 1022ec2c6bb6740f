import type { SecureContext, SecureContextOptions, TlsOptions } from 'node:tls';
import type { Clock, Timer } from '../clock';
import { messageOf } from '../errors';
import { warnOfExposure } from '../file-exposure';
import type { Logger } from '../logger';
import { WatchedFiles } from '../watched-files';
import { loadTls, type LoadedTls, type TlsSettings } from './tls-files';

export interface TlsMaterialOptions {
  /** Names the listener or client in errors and log lines, as in "sip external tls". */
  readonly what: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the files, ms; default 5000. */
  readonly intervalMs?: number;
}

/** A server whose certificate can change while it runs: node:tls, node:https, node:http2. */
export interface SwappableServer {
  setSecureContext(options: SecureContextOptions): void;
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/**
 * Certificate, key and CAs of one listener or client, read again when a file changes or on SIGHUP. New connections use the new ones,
 * connections that exist stay; files that do not fit together keep the old ones in use and are one line in the log.
 */
export class TlsMaterial {
  readonly #settings: TlsSettings;
  readonly #options: TlsMaterialOptions;
  readonly #files: WatchedFiles;
  readonly #daily: Timer;
  readonly #listeners = new Set<() => void>();
  #loaded: LoadedTls;

  /** Reads and checks the files, then watches them until closed. Throws TLS_MATERIAL. */
  constructor(settings: TlsSettings, options: TlsMaterialOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#loaded = loadTls(settings, options.what);
    this.#warnOfEnd();
    warnOfExposure(options.logger, [settings.keyFile, settings.pfxFile, settings.passphraseFile], 'read');
    this.#daily = options.clock.every(DAY_MS, () => this.#warnOfEnd());
    const { certFile, keyFile, pfxFile, passphraseFile, caFile } = settings;
    this.#files = new WatchedFiles({
      ...options,
      files: [certFile, keyFile, pfxFile, passphraseFile, caFile].filter((file) => file !== undefined),
      onChange: () => this.reload(),
    });
  }

  /** For `tls.connect({ secureContext })` and credentials of gRPC clients: the newest, so ask for each connection. */
  get context(): SecureContext {
    return this.#loaded.context;
  }

  /** The newest as options: certificate, key, CAs, versions, ciphers. */
  get contextOptions(): SecureContextOptions {
    return this.#loaded.options;
  }

  /** When the own certificate ends; undefined without one. */
  get validTo(): Date | undefined {
    return this.#loaded.validTo;
  }

  /** DNS names that the own certificate is for, lower case; may begin with `*.`. */
  get names(): readonly string[] {
    return this.#loaded.names;
  }

  /** For `tls.createServer` and the like. Give the server to `follow` too, or it keeps its first certificate for ever. */
  get serverOptions(): TlsOptions {
    const { clientCertificates = 'disabled' } = this.#settings;
    return {
      ...this.#loaded.options,
      requestCert: clientCertificates !== 'disabled',
      rejectUnauthorized: clientCertificates === 'required',
    };
  }

  /** Gives the server each new certificate until the returned function is called. */
  follow(server: SwappableServer): () => void {
    return this.onChange(() => server.setSecureContext(this.#loaded.options));
  }

  /** Told after each change that was taken, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Reads the files again; false: they do not fit together and the old ones stay in use. */
  reload(): boolean {
    const { what, logger } = this.#options;
    try {
      this.#loaded = loadTls(this.#settings, what);
    } catch (error) {
      logger.error({ what, reason: messageOf(error) }, 'new TLS files not taken, going on with the old ones');
      return false;
    }
    logger.info({ what, validTo: this.validTo }, 'TLS files read again');
    this.#warnOfEnd();
    for (const listener of this.#listeners) listener();
    return true;
  }

  close(): void {
    this.#files.close();
    this.#daily.cancel();
    this.#listeners.clear();
  }

  /** Not an error: a plane whose certificate has ended still forwards what needs none. */
  #warnOfEnd(): void {
    const { validTo } = this.#loaded;
    if (validTo === undefined) return;
    const { what, clock, logger } = this.#options;
    const days = Math.floor((validTo.getTime() - clock.date().getTime()) / DAY_MS);
    if (days < 0) logger.error({ what, validTo }, 'the own certificate has ended, peers will not take it');
    else if (days < SOON_DAYS) logger.warn({ what, validTo, days }, 'the own certificate ends soon');
  }
}
