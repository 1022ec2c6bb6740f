import { createWriteStream, type WriteStream } from 'node:fs';
import type { Clock, Timer } from '../../runtime/clock';
import type { Counter, Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { onReloadSignal } from '../../runtime/reload-signal';

/** One finished request. */
export interface AccessEntry {
  readonly client: string;
  readonly method: string;
  readonly target: string;
  /** `1.0`, `1.1` or `2.0`. */
  readonly version: string;
  readonly status: number;
  /** Sent to the client, head included. */
  readonly bytes: number;
  readonly durationMs: number;
  /** The node that answered; undefined: the plane did. */
  readonly node: string | undefined;
}

export interface AccessLogOptions {
  readonly file: string;
  readonly format: 'common' | 'json';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
}

const FLUSH_MS = 200;
/** What waits for a slow disk; beyond it lines are dropped and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A line per request in a file, written in batches off the path of requests. SIGHUP opens the file anew, as log rotation needs it. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #dropped: Counter;
  readonly #flush: Timer;
  readonly #unhook: () => void;
  #stream: WriteStream;
  #lines = '';
  #failed = false;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#dropped = options.counters.counter('http.accessLog.dropped');
    this.#stream = this.#open();
    this.#flush = options.clock.every(FLUSH_MS, () => this.#write());
    this.#unhook = onReloadSignal(() => this.reopen());
  }

  /** The file cannot be written; SIGHUP tries again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Adds a line. Never blocks, never throws. */
  add(entry: AccessEntry): void {
    if (this.#failed || this.#lines.length + this.#stream.writableLength > MAX_WAITING_BYTES) {
      this.#dropped.value += 1;
      return;
    }
    const date = this.#options.clock.date();
    this.#lines += this.#options.format === 'json' ? jsonLine(entry, date) : commonLine(entry, date);
  }

  /** Goes on in a new file of the name: the old one may have been moved. */
  reopen(): void {
    this.#write();
    this.#stream.end();
    this.#stream = this.#open();
  }

  /** Resolves when all lines are written. */
  async close(): Promise<void> {
    this.#flush.cancel();
    this.#unhook();
    this.#write();
    if (this.#stream.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.end();
    });
  }

  #write(): void {
    if (this.#lines === '' || this.#stream.destroyed) return;
    this.#stream.write(this.#lines);
    this.#lines = '';
  }

  #open(): WriteStream {
    const { file, logger } = this.#options;
    const stream = createWriteStream(file, { flags: 'a' });
    this.#failed = false;
    stream.on('error', (err) => {
      this.#failed = true;
      logger.error({ err, file }, 'the access log cannot be written, requests go on without');
    });
    return stream;
  }
}

/** NCSA common log format. What a client sent cannot end its quotes or the line. */
function commonLine(entry: AccessEntry, date: Date): string {
  const [day, hours] = [String(date.getUTCDate()).padStart(2, '0'), date.toISOString().slice(11, 19)];
  const when = `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${hours} +0000`;
  const line = `${entry.method} ${entry.target} HTTP/${entry.version}`.replaceAll(/["\\\x80-\xff]/g, escaped);
  return `${entry.client} - - [${when}] "${line}" ${entry.status} ${entry.bytes}\n`;
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function jsonLine(entry: AccessEntry, date: Date): string {
  return `${JSON.stringify({ time: date.toISOString(), ...entry, durationMs: Math.round(entry.durationMs * 10) / 10 })}\n`;
}
