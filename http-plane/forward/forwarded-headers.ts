export interface ForwardedFacts {
  /** Address of the client. */
  readonly client: string;
  readonly proto: 'http' | 'https';
  readonly host: string;
  /** `1.1` or `1.0`, as the message came. */
  readonly version: string;
  /** Pseudonym of this proxy. */
  readonly via: string;
}

const REPLACED = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'via']);

/** The lines with X-Forwarded-For, -Proto, -Host and Via of this hop. Via continues; the others are ours alone: clients are not believed. */
export function withForwarded(headers: readonly string[], facts: ForwardedFacts): string[] {
  const result: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!REPLACED.has((headers[i] as string).toLowerCase()))
      result.push(headers[i] as string, headers[i + 1] as string);
  }
  result.push('X-Forwarded-For', facts.client, 'X-Forwarded-Proto', facts.proto);
  if (facts.host !== '') result.push('X-Forwarded-Host', facts.host);
  result.push('Via', viaOf(headers, facts.version, facts.via));
  return result;
}

/** The lines of an answer with Via of this hop. */
export function withVia(headers: readonly string[], version: string, via: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() !== 'via') result.push(headers[i] as string, headers[i + 1] as string);
  }
  result.push('Via', viaOf(headers, version, via));
  return result;
}

function viaOf(headers: readonly string[], version: string, via: string): string {
  let before = '';
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === 'via') before += `${headers[i + 1] as string}, `;
  }
  return `${before}${version} ${via}`;
}
