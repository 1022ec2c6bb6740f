import { TriplaneError, messageOf } from './errors';
import type { Logger } from './logger';
import type { Service } from './service';

export interface RunOptions {
  readonly logger: Logger;
  readonly start: () => Promise<Service>;
}

/** What a supervising parent (`triplane up`, tests) hears over IPC when the service is ready. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly addresses: Readonly<Record<string, string>>;
}

/**
 * Runs one service as this process: starts it, tells a supervising parent, closes it on SIGTERM or SIGINT
 * (a second signal ends at once), and turns a failed start into one line and exit code 1.
 */
export async function runService({ logger, start }: RunOptions): Promise<void> {
  exitOnBugs(logger);
  const supervised = process.connected;
  let service: Service;
  try {
    service = await start();
  } catch (error) {
    exitWithLine(error);
  }
  closeOnSignal(service, logger, supervised);
  logger.info({ addresses: service.addresses }, 'ready');
  const ready: ReadyMessage = { type: 'ready', addresses: service.addresses };
  process.send?.(ready);
}

/** Prints `triplane: CODE: message` to standard error and ends the process with 1 (2 for usage errors). */
export function exitWithLine(error: unknown): never {
  process.stderr.write(`triplane: ${describe(error)}\n`);
  process.exit(error instanceof TriplaneError && error.code === 'USAGE' ? 2 : 1);
}

function describe(error: unknown): string {
  if (error instanceof TriplaneError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

function exitOnBugs(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'a bug: uncaught exception, ending');
    process.exit(1);
  });
}

function closeOnSignal(service: Service, logger: Logger, supervised: boolean): void {
  let closing = false;
  const close = (signal: NodeJS.Signals): void => {
    if (closing) process.exit(1);
    closing = true;
    logger.info({ signal }, 'closing; a second signal ends at once');
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'close failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
  // For a daemon SIGHUP means "read your files again", which not every service has; in a terminal it is the terminal that went.
  if (!process.stderr.isTTY) process.on('SIGHUP', () => logger.info('SIGHUP: files are read again'));
  // A supervised service does not outlive its supervisor, not even one that went away during the start.
  if (!supervised) return;
  if (process.connected) process.on('disconnect', () => close('SIGTERM'));
  else close('SIGTERM');
}
