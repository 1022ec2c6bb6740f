const NAME = 'jsessionid';
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const AMPERSAND = 0x26;
const SLASH = 0x2f;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;

/**
 * Adds to `into` every servlet session id that a request carries, in the order of trust: the JSESSIONID cookies, the path parameter
 * `;jsessionid=`, the query parameter `jsessionid`. Names match in any case (guides 1.3). Empty values are left out.
 */
export function collectSessionIds(target: string, cookies: readonly string[], into: string[]): void {
  for (let i = 0; i < cookies.length; i += 1) fromCookies(cookies[i] as string, into);
  const mark = target.indexOf('?');
  const pathEnd = mark === -1 ? target.length : mark;
  fromParameters(target, { start: target.indexOf(';'), end: pathEnd, into });
  if (mark !== -1) fromParameters(target, { start: mark, end: target.length, into });
}

function fromCookies(cookie: string, into: string[]): void {
  let start = 0;
  while (start < cookie.length) {
    let end = cookie.indexOf(';', start);
    if (end === -1) end = cookie.length;
    while (start < end && isBlank(cookie.charCodeAt(start))) start += 1;
    if (isNamed(cookie, start, end)) push(cookie, start + NAME.length + 1, end, into);
    start = end + 1;
  }
}

interface Span {
  /** Offset of the `;` or `?` before the first parameter; -1: none. */
  readonly start: number;
  readonly end: number;
  readonly into: string[];
}

function fromParameters(text: string, { start: mark, end, into }: Span): void {
  if (mark === -1) return;
  let start = mark;
  while (start < end) {
    start += 1;
    let next = start;
    while (next < end && !isDelimiter(text.charCodeAt(next))) next += 1;
    if (isNamed(text, start, next)) push(text, start + NAME.length + 1, next, into);
    start = next;
  }
}

function isNamed(text: string, start: number, end: number): boolean {
  if (end - start <= NAME.length || text.charCodeAt(start + NAME.length) !== EQUALS) return false;
  for (let i = 0; i < NAME.length; i += 1) {
    if ((text.charCodeAt(start + i) | 0x20) !== NAME.charCodeAt(i)) return false;
  }
  return true;
}

function push(text: string, from: number, to: number, into: string[]): void {
  let start = from;
  let end = to;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  if (end - start >= 2 && text.charCodeAt(start) === QUOTE && text.charCodeAt(end - 1) === QUOTE) {
    start += 1;
    end -= 1;
  }
  if (end > start) into.push(text.slice(start, end));
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isDelimiter(code: number): boolean {
  return code === SEMICOLON || code === AMPERSAND || code === SLASH || code === QUESTION;
}
