/** A SIP message as the toys use it: clear beats fast here. */
export interface SipText {
  /** Request or status line. */
  readonly start: string;
  /** In order, with the names as they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Reads the head of a message; toys send no bodies. */
export function parseSip(data: Buffer): SipText {
  const [start = '', ...lines] = data.toString('latin1').split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
  const headers = lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
  });
  return { start, headers };
}

/** All values of a header, in order. */
export function headersOf(message: SipText, name: string): string[] {
  return message.headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

export function headerOf(message: SipText, name: string): string {
  return headersOf(message, name)[0] ?? '';
}

/** The method of a request, or of a response's CSeq. */
export function methodOf(message: SipText): string {
  return isResponse(message) ? (headerOf(message, 'CSeq').split(' ')[1] ?? '') : (message.start.split(' ')[0] ?? '');
}

export function isResponse(message: SipText): boolean {
  return message.start.startsWith('SIP/2.0 ');
}

/** 0 for a request. */
export function statusOf(message: SipText): number {
  return isResponse(message) ? Number(message.start.split(' ')[1]) : 0;
}

export function sipBytes(start: string, headers: readonly (readonly [string, string])[]): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[start, ...lines, 'Content-Length: 0'].join('\r\n')}\r\n\r\n`, 'latin1');
}
