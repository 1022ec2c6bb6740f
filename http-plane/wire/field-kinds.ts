/** The fields that a proxy must understand; all others are OTHER and go on as they came. */
export const Kind = {
  OTHER: 0,
  HOST: 1,
  CONNECTION: 2,
  CONTENT_LENGTH: 3,
  TRANSFER_ENCODING: 4,
  COOKIE: 5,
  UPGRADE: 6,
  EXPECT: 7,
  TE: 8,
  TRAILER: 9,
  /** Ends at this hop whatever it says. */
  HOP: 10,
  FORWARDED: 11,
  VIA: 12,
  TRACEPARENT: 13,
  MAX_FORWARDS: 14,
  WS_KEY: 15,
  WS_VERSION: 16,
  WS_ACCEPT: 17,
  X_FOR: 18,
  X_PROTO: 19,
  X_HOST: 20,
  X_PORT: 21,
} as const;

/** By length of the name, then by name: the length alone settles most fields. */
const byLength: readonly (readonly (readonly [string, number])[])[] = arrange([
  ['host', Kind.HOST],
  ['connection', Kind.CONNECTION],
  ['content-length', Kind.CONTENT_LENGTH],
  ['transfer-encoding', Kind.TRANSFER_ENCODING],
  ['cookie', Kind.COOKIE],
  ['upgrade', Kind.UPGRADE],
  ['expect', Kind.EXPECT],
  ['te', Kind.TE],
  ['trailer', Kind.TRAILER],
  ['keep-alive', Kind.HOP],
  ['proxy-connection', Kind.HOP],
  ['proxy-authenticate', Kind.HOP],
  ['proxy-authorization', Kind.HOP],
  ['http2-settings', Kind.HOP],
  ['x-forwarded-for', Kind.X_FOR],
  ['x-forwarded-proto', Kind.X_PROTO],
  ['x-forwarded-host', Kind.X_HOST],
  ['x-forwarded-port', Kind.X_PORT],
  ['forwarded', Kind.FORWARDED],
  ['via', Kind.VIA],
  ['traceparent', Kind.TRACEPARENT],
  ['max-forwards', Kind.MAX_FORWARDS],
  ['sec-websocket-key', Kind.WS_KEY],
  ['sec-websocket-version', Kind.WS_VERSION],
  ['sec-websocket-accept', Kind.WS_ACCEPT],
]);

/** The kind of the field name at [start, end); names are tokens, in any case. */
export function kindOf(buffer: Buffer, start: number, end: number): number {
  const candidates = byLength[end - start];
  if (candidates === undefined) return Kind.OTHER;
  for (let i = 0; i < candidates.length; i += 1) {
    const candidate = candidates[i] as readonly [string, number];
    if (isText(buffer, start, candidate[0])) return candidate[1];
  }
  return Kind.OTHER;
}

/** Does the lower-case text stand at `start`, in any case? The caller has checked the length. */
export function isText(buffer: Buffer, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (((buffer[start + i] as number) | 0x20) !== text.charCodeAt(i)) return false;
  }
  return true;
}

function arrange(names: readonly (readonly [string, number])[]): [string, number][][] {
  const longest = Math.max(...names.map(([name]) => name.length));
  return Array.from({ length: longest + 1 }, (_, length) =>
    names.filter(([name]) => name.length === length).map(([name, kind]) => [name, kind]),
  );
}
