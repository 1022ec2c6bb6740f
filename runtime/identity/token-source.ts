import { readFileSync } from 'node:fs';
import type { Clock } from '../clock';
import { TriplaneError, messageOf } from '../errors';
import { warnOfExposure } from '../file-exposure';
import type { Logger } from '../logger';
import { WatchedFiles } from '../watched-files';

export interface TokenSourceOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the file, ms; default 5000. */
  readonly intervalMs?: number;
}

/** A caller's own token: the first line of a file, read again when it changes or on SIGHUP. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #files: WatchedFiles;
  #token: string;

  /** Throws TOKEN_FILE. */
  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#token = readToken(options.file);
    warnOfExposure(options.logger, [options.file], 'read');
    this.#files = new WatchedFiles({ ...options, files: [options.file], onChange: () => this.#reload() });
  }

  /** The newest. Secret. */
  get token(): string {
    return this.#token;
  }

  close(): void {
    this.#files.close();
  }

  #reload(): void {
    const { file, logger } = this.#options;
    try {
      this.#token = readToken(file);
    } catch (error) {
      logger.error({ file, reason: messageOf(error) }, 'new token not taken, going on with the old one');
    }
  }
}

function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TriplaneError('TOKEN_FILE', `token file ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const token = text.split(/\r?\n/, 1)[0]?.trim() ?? '';
  if (/^[\x21-\x7E]{16,512}$/.test(token)) return token;
  throw new TriplaneError('TOKEN_FILE', `${file}: expected a token in the first line; "triplane token" makes one`);
}
