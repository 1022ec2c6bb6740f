import pino, { type Logger } from 'pino';
import pinoPretty from 'pino-pretty';

export type { Logger };

export interface LoggerOptions {
  /** Shown in each line: `control-plane`, `sip-plane`, ... */
  readonly name: string;
  /** pino's levels; default `info`. */
  readonly level?: string;
  /** `json` for machines, `text` for people, `auto`: text on a terminal. Default `auto`. */
  readonly format?: 'auto' | 'json' | 'text';
}

/** Keys that never reach a log line, wherever they stand. */
const SECRETS = [
  'password',
  'secret',
  'token',
  'authorization',
  '*.password',
  '*.secret',
  '*.token',
  '*.authorization',
];

/** A logger to standard error (standard output belongs to command results). It is passed in, never imported by the rooms. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = { name: options.name, level: options.level ?? 'info', redact: SECRETS };
  const text = options.format === 'text' || (options.format !== 'json' && process.stderr.isTTY);
  if (!text) return pino(settings, pino.destination({ dest: 2, sync: true }));
  return pino(
    settings,
    pinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }),
  );
}

/** Says nothing; for tests and one-shot commands. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
