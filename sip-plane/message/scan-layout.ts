/**
 * Where things stand in the index that the addon makes of one datagram: the same places as in native/scan.h. Numbers of 32 bits; offsets are
 * those of the bytes, -1 means absent.
 */
export const Scan = {
  /** 1: the rest is meant; 0: the addon leaves the datagram to the parser. */
  READ: 0,
  REQUEST: 1,
  END: 2,
  METHOD: 3,
  METHOD_END: 4,
  STATUS: 5,
  HEADERS_START: 6,
  BODY_START: 7,
  COUNT: 8,
  CSEQ: 9,
  CSEQ_METHOD: 10,
  CSEQ_METHOD_START: 11,
  CSEQ_METHOD_END: 12,
  MAX_FORWARDS: 13,
  CONTENT_LENGTH: 14,
  HAS_NEXT_VIA: 15,
  URI: 16,
  FROM: 34,
  TO: 39,
  VIA: 44,
  NEXT_VIA: 76,
  /** By kind: the first header of that kind. */
  FIRST: 108,
  /** Five numbers a header: kind, line start, value start, value end, line end. */
  LINES: 140,
  /** Bits of `ScanHash`: which of the hashes are there. */
  HASHES: 280,
  KEY_HI: 281,
  KEY_LO: 282,
  CALL_HI: 283,
  CALL_LO: 284,
} as const;

/** Of a request's transaction, and of the Call-ID: what routing/transaction.ts would make. */
export const ScanHash = { KEY: 1, CALL: 2 } as const;

/** Numbers of one header. */
export const LINE_INTS = 5;

/** Numbers of one index. */
export const SCAN_INTS = 288;
