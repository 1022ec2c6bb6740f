/** What the plane does with a message: forwards it, drops it without a word, or answers with a status. */
export type Outcome = 'forward' | 'drop' | number;

/** One message that is hard to read, and what is wanted of a balancer. */
export interface TortureMessage {
  /** Section of the RFC. */
  readonly section: string;
  readonly name: string;
  readonly what: string;
  readonly bytes: Buffer;
  readonly wanted: Outcome;
  /** Over a stream, where it differs: an outcome, after which the connection is closed; `wait`: more bytes are waited for. */
  readonly stream?: Outcome | 'wait';
}

/** Lines to CRLF lines; `{n}` becomes the length of what follows the empty line. */
export function wireText(text: string): Buffer {
  const [head = '', ...rest] = text.replace(/^\n/, '').split('\n\n');
  const body = Buffer.from(rest.join('\n\n').replaceAll('\n', '\r\n'), 'latin1');
  const start = Buffer.from(`${head.replaceAll('\n', '\r\n').replace('{n}', String(body.length))}\r\n\r\n`, 'latin1');
  return Buffer.concat([start, body]);
}

/** UTF-8 text as the one-byte characters that `wireText` takes. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const SDP = `v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
`;
