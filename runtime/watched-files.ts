import { stat } from 'node:fs/promises';
import type { Clock, Timer } from './clock';
import { onReloadSignal } from './reload-signal';

export interface WatchedFilesOptions {
  readonly files: readonly string[];
  readonly clock: Clock;
  /** One of the files is not what it was, or SIGHUP came. */
  readonly onChange: () => void;
  /** Between two looks, ms; default 5000. */
  readonly intervalMs?: number;
}

/**
 * Looks at files now and then, by their identity, size and time of change, and at SIGHUP. Not by file events: certificates are often put
 * in place by swapping a link above them, which events of the file itself do not show.
 */
export class WatchedFiles {
  readonly #options: WatchedFilesOptions;
  readonly #timer: Timer;
  readonly #unhook: () => void;
  #seen: string | undefined;
  #closed = false;

  /** Begins to look; what the files are at the first look counts as known. */
  constructor(options: WatchedFilesOptions) {
    this.#options = options;
    this.#timer = options.clock.every(options.intervalMs ?? 5000, () => void this.look());
    this.#unhook = onReloadSignal(() => options.onChange());
    void this.look();
  }

  /** One look; resolves when it is done. Never rejects: a file that is away is a state as any other. */
  async look(): Promise<void> {
    const marks = await Promise.all(this.#options.files.map(markOf));
    const now = marks.join('|');
    const before = this.#seen;
    this.#seen = now;
    if (!this.#closed && before !== undefined && before !== now) this.#options.onChange();
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#unhook();
  }
}

async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return `${dev}:${ino}:${size}:${mtimeMs}`;
  } catch {
    return 'away';
  }
}
