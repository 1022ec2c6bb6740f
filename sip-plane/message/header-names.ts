import * as chars from './chars';

// Locals of this file are constants to the engine; fields of an imported module are not.
const { equalsLower, lower } = chars;

/** The headers that a balancer looks at, as small numbers. OTHER headers pass unread. */
export const HeaderKind = {
  OTHER: 0,
  VIA: 1,
  ROUTE: 2,
  RECORD_ROUTE: 3,
  MAX_FORWARDS: 4,
  TO: 5,
  FROM: 6,
  CALL_ID: 7,
  CSEQ: 8,
  CONTENT_LENGTH: 9,
  PROXY_REQUIRE: 10,
  REPLACES: 11,
  JOIN: 12,
  TARGET_DIALOG: 13,
  INITIAL_REMOTE: 14,
  HEARTBEAT: 15,
  TRACEPARENT: 16,
  SESSION_ID: 17,
  SUPPORTED: 18,
  /** The header that holds the affinity key, when it is none of the above. */
  AFFINITY: 19,
  /** The one that is taken when the affinity key is excluded, when it is none of the above. */
  AFFINITY_FALLBACK: 20,
  CONTACT: 21,
  USER_AGENT: 22,
  RETRY_AFTER: 23,
  RESOURCE_PRIORITY: 24,
} as const;

export const HEADER_KINDS = 25;

const KNOWN: readonly (readonly [string, number])[] = [
  ['via', HeaderKind.VIA],
  ['v', HeaderKind.VIA],
  ['route', HeaderKind.ROUTE],
  ['record-route', HeaderKind.RECORD_ROUTE],
  ['max-forwards', HeaderKind.MAX_FORWARDS],
  ['to', HeaderKind.TO],
  ['t', HeaderKind.TO],
  ['from', HeaderKind.FROM],
  ['f', HeaderKind.FROM],
  ['call-id', HeaderKind.CALL_ID],
  ['i', HeaderKind.CALL_ID],
  ['cseq', HeaderKind.CSEQ],
  ['content-length', HeaderKind.CONTENT_LENGTH],
  ['l', HeaderKind.CONTENT_LENGTH],
  ['proxy-require', HeaderKind.PROXY_REQUIRE],
  ['replaces', HeaderKind.REPLACES],
  ['join', HeaderKind.JOIN],
  ['target-dialog', HeaderKind.TARGET_DIALOG],
  ['x-sip-balancer-initialremoteaddr', HeaderKind.INITIAL_REMOTE],
  ['x-sip-balancer-initialremoteport', HeaderKind.INITIAL_REMOTE],
  ['mobicents-heartbeat', HeaderKind.HEARTBEAT],
  ['traceparent', HeaderKind.TRACEPARENT],
  ['session-id', HeaderKind.SESSION_ID],
  ['supported', HeaderKind.SUPPORTED],
  ['k', HeaderKind.SUPPORTED],
  ['contact', HeaderKind.CONTACT],
  ['m', HeaderKind.CONTACT],
  ['user-agent', HeaderKind.USER_AGENT],
  ['retry-after', HeaderKind.RETRY_AFTER],
  ['resource-priority', HeaderKind.RESOURCE_PRIORITY],
];

interface Entry {
  readonly name: Buffer;
  readonly kind: number;
}

const NONE: readonly Entry[] = [];

/** Finds the kind of a header by its name, whatever its case, long or compact (RFC 3261 7.3.3). */
export class HeaderNames {
  /** The kind that holds the affinity key. */
  readonly affinityKind: number;
  /** The kind that holds the key where that one is excluded. */
  readonly fallbackKind: number;
  readonly #byLength: readonly (readonly Entry[])[];

  /** Both are any header names; a well-known one keeps its own kind. */
  constructor(affinityHeader = 'Call-ID', fallbackHeader = 'Call-ID') {
    const all = [...KNOWN];
    const kindOf = (header: string, kind: number): number => {
      const name = header.toLowerCase();
      const known = all.find((entry) => entry[0] === name);
      if (known === undefined) all.push([name, kind]);
      return known?.[1] ?? kind;
    };
    this.affinityKind = kindOf(affinityHeader, HeaderKind.AFFINITY);
    this.fallbackKind = kindOf(fallbackHeader, HeaderKind.AFFINITY_FALLBACK);
    const byLength: Entry[][] = [];
    for (const [name, kind] of all) (byLength[name.length] ??= []).push({ name: Buffer.from(name, 'latin1'), kind });
    this.#byLength = Array.from(byLength, (entries) => entries ?? NONE);
  }

  /** All names for the addon: kind and length as bytes, then the name, one after the other. */
  packed(): Buffer {
    return Buffer.concat(
      this.#byLength.flat().flatMap(({ kind, name }) => [Buffer.from([kind, Math.min(name.length, 255)]), name]),
    );
  }

  /** Packet path: the name stands at [start, end). */
  kindOf(bytes: Buffer, start: number, end: number): number {
    const entries = this.#byLength[end - start] ?? NONE;
    const first = lower(bytes[start] as number);
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i] as Entry;
      if (entry.name[0] === first && equalsLower(bytes, start, end, entry.name)) return entry.kind;
    }
    return HeaderKind.OTHER;
  }
}
