/** What a request of a test says; everything has a default. */
export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  /** The value after `SIP/2.0/`. */
  readonly via?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: string;
  readonly maxForwards?: string;
  /** Whole lines without line ends. */
  readonly extra?: readonly string[];
  readonly body?: string;
}

/** A request as text, its headers in a fixed order. */
export function request(parts: RequestParts = {}): string {
  const { method = 'INVITE', body = '' } = parts;
  return [
    `${method} ${parts.uri ?? 'sip:bob@example.com'} SIP/2.0`,
    `Via: SIP/2.0/${parts.via ?? 'UDP 192.0.2.1:5060;branch=z9hG4bKclient1;rport'}`,
    ...(parts.maxForwards === '' ? [] : [`Max-Forwards: ${parts.maxForwards ?? '70'}`]),
    `From: ${parts.from ?? '"Alice" <sip:alice@example.com>;tag=a1'}`,
    `To: ${parts.to ?? '<sip:bob@example.com>'}`,
    `Call-ID: ${parts.callId ?? 'call1@example.com'}`,
    `CSeq: ${parts.cseq ?? `1 ${method}`}`,
    ...(parts.extra ?? []),
    `Content-Length: ${Buffer.byteLength(body, 'latin1')}`,
    '',
    body,
  ].join('\r\n');
}

/** A response to a request that arrived, as a node makes it: Via and Record-Route as they came. */
export function responseTo(
  received: string,
  status: string,
  options: { readonly tag?: string; readonly contact?: string } = {},
): string {
  const lines = received.slice(0, received.indexOf('\r\n\r\n')).split('\r\n').slice(1);
  const kept = lines.filter((line) => /^(via|v|from|f|call-id|i|cseq|record-route)\s*:/i.test(line));
  const to = lines.find((line) => /^(to|t)\s*:/i.test(line)) ?? 'To: <sip:x@example.com>';
  const tagged = to.includes(';tag=') ? to : `${to};tag=${options.tag ?? 'n1'}`;
  const contact = options.contact === undefined ? [] : [`Contact: <${options.contact}>`];
  return [`SIP/2.0 ${status}`, ...kept, tagged, ...contact, 'Content-Length: 0', '', ''].join('\r\n');
}

/** All values of a header, whole lines only, in order. */
export function headers(message: string, name: string): string[] {
  const head = message.slice(0, message.indexOf('\r\n\r\n'));
  return head
    .split('\r\n')
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

export const header = (message: string, name: string): string => headers(message, name)[0] ?? '';

export const startLine = (message: string): string => message.split('\r\n')[0] ?? '';
