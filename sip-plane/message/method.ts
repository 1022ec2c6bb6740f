import { equalsBytes } from './chars';

/** SIP methods as small numbers; methods are case-sensitive (RFC 3261 7.1). OTHER: any that is not listed. */
export const Method = {
  OTHER: 0,
  INVITE: 1,
  ACK: 2,
  CANCEL: 3,
  BYE: 4,
  OPTIONS: 5,
  REGISTER: 6,
  PRACK: 7,
  SUBSCRIBE: 8,
  NOTIFY: 9,
  PUBLISH: 10,
  INFO: 11,
  REFER: 12,
  MESSAGE: 13,
  UPDATE: 14,
} as const;

export const METHOD_NAMES: readonly string[] = Object.keys(Method);

const NAMES = METHOD_NAMES.map((name) => Buffer.from(name, 'latin1'));

/** The method that the range names. */
export function methodOf(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start];
  for (let code = 1; code < NAMES.length; code += 1) {
    const name = NAMES[code] as Buffer;
    if (name[0] === first && equalsBytes(bytes, start, end, name)) return code;
  }
  return Method.OTHER;
}

/** Does a request of this method need our Record-Route? Dialog-forming ones and unknown ones (RFC 3261 16.6.4), in dialogs too. */
export function wantsRecordRoute(method: number): boolean {
  switch (method) {
    case Method.INVITE:
    case Method.SUBSCRIBE:
    case Method.NOTIFY:
    case Method.REFER:
    case Method.OTHER:
      return true;
    default:
      return false;
  }
}
