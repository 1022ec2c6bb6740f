/** From the most to the least talkative. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

const PREDECESSOR: Readonly<Record<string, LogLevel>> = { all: 'trace', off: 'silent' };

/** The level of that name in any case; the predecessor's ALL and OFF are trace and silent. Undefined: there is none. */
export function logLevelOf(name: string): LogLevel | undefined {
  const lower = name.toLowerCase();
  return PREDECESSOR[lower] ?? LOG_LEVELS.find((level) => level === lower);
}
