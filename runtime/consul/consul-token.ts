import { readFileSync } from 'node:fs';
import type { Clock } from '../clock';
import { TriplaneError, messageOf } from '../errors';
import { warnOfExposure } from '../file-exposure';
import type { Logger } from '../logger';
import { WatchedFiles } from '../watched-files';

export interface ConsulTokenOptions {
  /** Undefined: the environment variable CONSUL_HTTP_TOKEN. Never the command line, where everybody could read it. */
  readonly file: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The ACL token of this process: the trimmed text of a file, read again when it changes or on SIGHUP. */
export class ConsulToken {
  readonly #files: WatchedFiles | undefined;
  #text: string;

  /** Throws TOKEN_FILE. */
  constructor({ file, clock, logger }: ConsulTokenOptions) {
    this.#text = file === undefined ? (process.env['CONSUL_HTTP_TOKEN'] ?? '') : read(file);
    if (file === undefined) return;
    warnOfExposure(logger, [file], 'read');
    const reload = (): void => {
      try {
        this.#text = read(file);
      } catch (error) {
        logger.error({ file, reason: messageOf(error) }, 'new Consul token not taken, going on with the old one');
      }
    };
    this.#files = new WatchedFiles({ files: [file], clock, onChange: reload });
  }

  /** The newest; '' for none. Secret. */
  get text(): string {
    return this.#text;
  }

  close(): void {
    this.#files?.close();
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new TriplaneError('TOKEN_FILE', `Consul token file ${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
