import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock';
import { TriplaneError, messageOf } from '../errors';
import { warnOfExposure } from '../file-exposure';
import type { Logger } from '../logger';
import { WatchedFiles } from '../watched-files';
import { grantText, type Identity } from './identity';
import { grantFrom, tokenHash } from './token';

export interface TokenBookOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the file, ms; default 5000. */
  readonly intervalMs?: number;
}

const LINE = /^([0-9a-f]{64})\s+(\S+)\s+(\S+)$/;

/**
 * The tokens file: a line `sha256hex role id` for each token, `#` begins a comment. Read again when it changes or on SIGHUP;
 * one with a fault is one line in the log and the old one stays in force.
 */
export class TokenBook {
  readonly #options: TokenBookOptions;
  readonly #files: WatchedFiles;
  readonly #listeners = new Set<() => void>();
  #byHash: ReadonlyMap<string, Identity>;

  /** Throws TOKEN_FILE. */
  constructor(options: TokenBookOptions) {
    this.#options = options;
    this.#byHash = parseTokens(readTokens(options.file), options.file);
    warnOfExposure(options.logger, [options.file], 'write');
    this.#files = new WatchedFiles({ ...options, files: [options.file], onChange: () => this.reload() });
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** Who holds the token, or undefined. The map only sees the hash, whose bytes a caller cannot steer; the last word is constant in time. */
  find(token: string): Identity | undefined {
    const hash = tokenHash(token);
    const found = this.#byHash.get(hash);
    const same = timingSafeEqual(Buffer.from(hash), Buffer.from(found?.tokenHash ?? '0'.repeat(hash.length)));
    return same ? found : undefined;
  }

  /** Whether a caller that showed its token earlier is still as welcome. */
  stillHolds({ tokenHash: hash = '', name }: Identity): boolean {
    return this.#byHash.get(hash)?.name === name;
  }

  /** Told after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Reads the file again; false: it has a fault and the old one stays in force. */
  reload(): boolean {
    const { file, logger } = this.#options;
    try {
      this.#byHash = parseTokens(readTokens(file), file);
    } catch (error) {
      logger.error({ file, reason: messageOf(error) }, 'new tokens file not taken, going on with the old one');
      return false;
    }
    logger.info({ file, tokens: this.size }, 'tokens file read again');
    for (const listener of this.#listeners) listener();
    return true;
  }

  close(): void {
    this.#files.close();
    this.#listeners.clear();
  }
}

function readTokens(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TriplaneError('TOKEN_FILE', `tokens file ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Throws TOKEN_FILE, which names the line but never shows it: somebody may have written a token there. */
export function parseTokens(text: string, file: string): ReadonlyMap<string, Identity> {
  const found = new Map<string, Identity>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') continue;
    const identity = identityOf(line);
    if (identity === undefined) {
      const expected = 'expected "<sha256 as 64 hex digits> <node|plane|operator|viewer> <id or id*>"';
      throw new TriplaneError('TOKEN_FILE', `${file}:${index + 1}: ${expected}; "triplane token" prints such lines`);
    }
    found.set(identity.tokenHash ?? '', identity);
  }
  return found;
}

function identityOf(line: string): Identity | undefined {
  const [, hash, role, pattern] = LINE.exec(line) ?? [];
  if (hash === undefined || role === undefined || pattern === undefined) return undefined;
  try {
    const grant = grantFrom(role, pattern);
    return { name: grantText(grant), how: 'token', grants: [grant], tokenHash: hash };
  } catch {
    // The caller says what is expected here.
    return undefined;
  }
}
