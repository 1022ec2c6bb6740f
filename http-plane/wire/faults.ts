import type { OwnAnswer } from '../forward';

/** What a parser returns instead of an offset: `INCOMPLETE`, or one of the faults, all below zero. */
export const INCOMPLETE = 0;

export const Fault = {
  SYNTAX: -1,
  FIELD_NAME: -2,
  FIELD_VALUE: -3,
  LINE_END: -4,
  FIELDS: -5,
  VERSION: -6,
  LENGTH: -7,
  TWO_FRAMINGS: -8,
  CODING: -9,
  CODING_IN_HTTP10: -10,
  NO_HOST: -11,
  TWO_HOSTS: -12,
  HOST: -13,
  TARGET: -14,
  EXPECTATION: -15,
  HEAD_TOO_LONG: -16,
  TARGET_TOO_LONG: -17,
  CHUNK: -18,
  CONNECT: -19,
  TRACE: -20,
  LOOP: -21,
  UPGRADE: -22,
} as const;

const answers = new Map<number, OwnAnswer>([
  [Fault.SYNTAX, { status: 400, reason: 'syntax', text: 'expected a request line such as GET / HTTP/1.1' }],
  [Fault.FIELD_NAME, { status: 400, reason: 'fieldName', text: 'expected a field name and a colon in each line' }],
  [Fault.FIELD_VALUE, { status: 400, reason: 'fieldValue', text: 'expected no control characters in field values' }],
  [Fault.LINE_END, { status: 400, reason: 'lineEnd', text: 'expected CR LF at the end of each line' }],
  [Fault.FIELDS, { status: 431, reason: 'fields', text: 'expected fewer header fields' }],
  [Fault.VERSION, { status: 505, reason: 'version', text: 'expected HTTP/1.1 or HTTP/1.0' }],
  [Fault.LENGTH, { status: 400, reason: 'length', text: 'expected one Content-Length of digits' }],
  [
    Fault.TWO_FRAMINGS,
    { status: 400, reason: 'twoFramings', text: 'expected Content-Length or Transfer-Encoding, not both' },
  ],
  [Fault.CODING, { status: 501, reason: 'coding', text: 'expected Transfer-Encoding: chunked' }],
  [
    Fault.CODING_IN_HTTP10,
    { status: 400, reason: 'codingInHttp10', text: 'Transfer-Encoding is not part of HTTP/1.0' },
  ],
  [Fault.NO_HOST, { status: 400, reason: 'noHost', text: 'expected a Host header' }],
  [Fault.TWO_HOSTS, { status: 400, reason: 'twoHosts', text: 'expected one Host header, got several' }],
  [Fault.HOST, { status: 400, reason: 'host', text: 'expected a host and a port in Host' }],
  [
    Fault.TARGET,
    { status: 400, reason: 'target', text: 'expected a request target such as /path or http://host/path' },
  ],
  [Fault.EXPECTATION, { status: 417, reason: 'expectation', text: 'expected Expect: 100-continue' }],
  [Fault.HEAD_TOO_LONG, { status: 431, reason: 'headTooLong', text: 'expected a shorter head' }],
  [Fault.TARGET_TOO_LONG, { status: 414, reason: 'targetTooLong', text: 'expected a shorter request target' }],
  [Fault.CHUNK, { status: 400, reason: 'chunk', text: 'expected chunked coding' }],
  [Fault.CONNECT, { status: 405, reason: 'connect', text: 'CONNECT is not served here' }],
  [Fault.TRACE, { status: 405, reason: 'trace', text: 'TRACE is not served here' }],
  [Fault.LOOP, { status: 508, reason: 'loop', text: 'the request came through this proxy before' }],
  [Fault.UPGRADE, { status: 400, reason: 'upgrade', text: 'expected a WebSocket handshake of version 13' }],
]);

const UNKNOWN: OwnAnswer = { status: 400, reason: 'syntax', text: 'expected an HTTP/1.1 request' };

/** The answer to a client whose request has the fault. */
export function answerOf(fault: number): OwnAnswer {
  return answers.get(fault) ?? UNKNOWN;
}
