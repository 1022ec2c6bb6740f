import pino, { type Logger } from 'pino';

/** A logger whose lines a test can read. */
export interface LogLines {
  readonly logger: Logger;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** All lines as they would be printed. */
  readonly text: () => string;
}

export function logLines(level = 'trace'): LogLines {
  const lines: Record<string, unknown>[] = [];
  let text = '';
  const logger = pino(
    { level },
    {
      write(line: string) {
        text += line;
        lines.push(JSON.parse(line) as Record<string, unknown>);
      },
    },
  );
  return { logger, lines, text: () => text };
}
