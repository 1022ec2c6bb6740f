/** Why a message is not forwarded, as a small number; 0 is no reject. Names are the tail of `sip.rejects.<name>`. */
export const Reject = {
  NONE: 0,
  START_LINE: 1,
  VERSION: 2,
  SCHEME: 3,
  REQUEST_URI: 4,
  URI_TOO_LONG: 5,
  HEADER: 6,
  HEADERS_TOO_MANY: 7,
  TRUNCATED: 8,
  VIA: 9,
  FROM: 10,
  TO: 11,
  CALL_ID: 12,
  CSEQ: 13,
  CSEQ_METHOD: 14,
  METHOD: 15,
  DUPLICATE: 16,
  CONTENT_LENGTH: 17,
  TOO_LARGE: 18,
  ROUTE: 19,
  STATUS: 20,
  MAX_FORWARDS: 21,
  LOOP: 22,
  PROXY_REQUIRE: 23,
  NO_NODE: 24,
  UNREACHABLE: 25,
  DESTINATION: 26,
  FLOW_FAILED: 27,
  NO_FLOW: 28,
  OVERLOAD: 29,
  BLOCKED: 30,
  FORGED_FLOW: 31,
  DRAINING: 32,
} as const;

/** What a reject means on the wire. */
export interface RejectInfo {
  /** Tail of the counter's name. */
  readonly name: string;
  /** The status that a request is answered with. */
  readonly status: number;
  readonly reason: string;
}

const INFOS: readonly RejectInfo[] = [
  { name: 'none', status: 200, reason: 'OK' },
  { name: 'start-line', status: 400, reason: 'Bad Request Line' },
  { name: 'version', status: 505, reason: 'Version Not Supported' },
  { name: 'scheme', status: 416, reason: 'Unsupported URI Scheme' },
  { name: 'request-uri', status: 400, reason: 'Bad Request-URI' },
  { name: 'uri-too-long', status: 414, reason: 'Request-URI Too Long' },
  { name: 'header', status: 400, reason: 'Bad Header Line' },
  { name: 'headers-too-many', status: 400, reason: 'Too Many Headers' },
  { name: 'truncated', status: 400, reason: 'Message Ends Early' },
  { name: 'via', status: 400, reason: 'Bad Via' },
  { name: 'from', status: 400, reason: 'Bad From' },
  { name: 'to', status: 400, reason: 'Bad To' },
  { name: 'call-id', status: 400, reason: 'Bad Call-ID' },
  { name: 'cseq', status: 400, reason: 'Bad CSeq' },
  { name: 'cseq-method', status: 400, reason: 'CSeq Method Differs' },
  { name: 'method', status: 501, reason: 'Not Implemented' },
  { name: 'duplicate', status: 400, reason: 'Repeated Single-Value Header' },
  { name: 'content-length', status: 400, reason: 'Bad Content-Length' },
  { name: 'too-large', status: 513, reason: 'Message Too Large' },
  { name: 'route', status: 400, reason: 'Bad Route' },
  { name: 'status', status: 400, reason: 'Bad Status Line' },
  { name: 'max-forwards', status: 483, reason: 'Too Many Hops' },
  { name: 'loop', status: 482, reason: 'Loop Detected' },
  { name: 'proxy-require', status: 420, reason: 'Bad Extension' },
  { name: 'no-node', status: 503, reason: 'Service Unavailable' },
  { name: 'unreachable', status: 503, reason: 'Service Unavailable' },
  { name: 'destination', status: 503, reason: 'Service Unavailable' },
  { name: 'flow-failed', status: 430, reason: 'Flow Failed' },
  { name: 'no-flow', status: 480, reason: 'Temporarily Unavailable' },
  { name: 'overload', status: 503, reason: 'Service Unavailable' },
  { name: 'blocked', status: 403, reason: 'Forbidden' },
  { name: 'forged-flow', status: 403, reason: 'Forbidden' },
  { name: 'draining', status: 503, reason: 'Service Unavailable' },
];

export const REJECT_COUNT = INFOS.length;

export function rejectInfo(code: number): RejectInfo {
  return INFOS[code] as RejectInfo;
}
