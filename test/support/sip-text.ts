/** A SIP message as tests write and read it: plainly, and nothing like the product's parser. */
export interface SipText {
  readonly startLine: string;
  /** In order, names as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function parseSip(text: string): SipText {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [startLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
  return { startLine, headers, body: rest.join('\r\n\r\n') };
}

/** All values of a header, comma lists split outside of angle brackets. */
export function valuesOf(message: SipText, name: string): string[] {
  return message.headers
    .filter(([other]) => other.toLowerCase() === name.toLowerCase())
    .flatMap(([, value]) => value.split(/,(?![^<]*>)/).map((part) => part.trim()));
}

export function valueOf(message: SipText, name: string): string {
  return message.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1] ?? '';
}

export function formatSip(startLine: string, headers: readonly (readonly [string, string])[], body = ''): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [startLine, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

export function methodOf(message: SipText): string {
  return message.startLine.startsWith('SIP/2.0') ? '' : (message.startLine.split(' ')[0] ?? '');
}

export function statusOf(message: SipText): number {
  return message.startLine.startsWith('SIP/2.0 ') ? Number(message.startLine.slice(8, 11)) : 0;
}
