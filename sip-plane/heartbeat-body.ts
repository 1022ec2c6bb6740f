import type { MessageView } from './message';

const MAX_BYTES = 4096;
const MAX_PROPERTIES = 64;

/** The `key=value` lines of a SIP heartbeat (guides 1.10): at most 64 from at most 4 KiB, the rest is ignored. */
export function heartbeatProperties(view: MessageView): Map<string, string> {
  const properties = new Map<string, string>();
  const text = view.bytes.toString('utf8', view.bodyStart, Math.min(view.end, view.bodyStart + MAX_BYTES));
  for (const line of text.split(/\r\n|\r|\n/)) {
    const equals = line.indexOf('=');
    if (equals > 0 && properties.size < MAX_PROPERTIES) {
      properties.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
    }
  }
  return properties;
}
