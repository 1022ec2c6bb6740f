import { TriplaneError, messageOf } from './errors';
import type { Logger } from './logger';
import type { OperatorPages } from './operator-pages';
import type { Service } from './service';

export interface RunOptions {
  readonly logger: Logger;
  /** May ask this process to stop. */
  readonly operator?: OperatorPages | undefined;
  readonly start: () => Promise<Service>;
}

/** What a supervising parent (`triplane up`, tests) hears over IPC when the service is ready. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly addresses: Readonly<Record<string, string>>;
}

/** What it hears when an operator stopped the service by its page: in `delayMs` it closes, and is not to be started again. */
export interface StoppingMessage {
  readonly type: 'stopping';
  readonly delayMs: number;
}

/** What a supervising parent says to have the service closed. */
export interface CloseOrder {
  readonly type: 'close';
}

/**
 * Runs one service as this process: starts it, tells a supervising parent, closes it on SIGTERM, SIGINT (a second signal ends at once), the
 * parent's word or an operator's stop, and turns a failed start into one line and exit code 1.
 */
export async function runService({ logger, operator, start }: RunOptions): Promise<void> {
  exitOnBugs(logger);
  const supervised = process.connected;
  let service: Service;
  try {
    service = await start();
  } catch (error) {
    // A child that failed has printed its line; a second one would only repeat it.
    if (error instanceof TriplaneError && error.code === 'SERVICE_DIED') process.exit(1);
    exitWithLine(error);
  }
  const close = closer(service, logger);
  closeOnSignal(close, logger, supervised);
  closeOnStop(close, operator);
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

/** Closes the service and ends the process; at most once. */
function closer(service: Service, logger: Logger): (why: string) => void {
  let closing = false;
  return (why) => {
    if (closing) return;
    closing = true;
    logger.info({ why }, 'closing; a second signal ends at once');
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'close failed');
        process.exit(1);
      },
    );
  };
}

function closeOnSignal(close: (why: string) => void, logger: Logger, supervised: boolean): void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    close(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // For a daemon SIGHUP means "read your files again", which not every service has; in a terminal it is the terminal that went.
  if (!process.stderr.isTTY) process.on('SIGHUP', () => logger.info('SIGHUP: files are read again'));
  if (!supervised) return;
  // A whole process group may be signalled beside the supervisor, which then says the same: once is enough.
  process.on('message', (message: CloseOrder) => {
    if (message.type === 'close') close('the supervisor asks');
  });
  // A supervised service does not outlive its supervisor, not even one that went away during the start.
  if (process.connected) process.on('disconnect', () => close('the supervisor is gone'));
  else close('the supervisor is gone');
}

/** What runs goes on for the delay, so that callers find their way to another instance first. */
function closeOnStop(close: (why: string) => void, operator: OperatorPages | undefined): void {
  operator?.onStop((delayMs) => {
    const stopping: StoppingMessage = { type: 'stopping', delayMs };
    process.send?.(stopping);
    setTimeout(() => close('an operator stopped it'), delayMs);
  });
}
