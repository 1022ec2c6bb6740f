import type { Random } from '../../../runtime/random';

const PIECES = [
  'GET ', 'POST ', '/', '*', 'http://h/', ' HTTP/1.1', ' HTTP/1.0', '\r\n', '\n', '\r', '\r\n\r\n', 'Host: y\r\n',
  'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Content-Length: 999\r\n', 'Transfer-Encoding: chunked\r\n', 'Trailer: X\r\n',
  'Connection: close\r\n', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n', '5\r\nhello\r\n', '0\r\n\r\n', 'ffffffff\r\n', '\0', ' ', ':', 'TE: trailers\r\n', '\x80\xff', '',
] as const; // prettier-ignore

/** Changes, drops or doubles a few octets (ISO-8859-1). */
export function mutated(text: string, random: Random): string {
  let result = text;
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1) {
    const at = Math.floor(random() * result.length);
    const octet = random() < 0.3 ? String.fromCharCode(Math.floor(random() * 256)) : piece(random);
    result = result.slice(0, at) + octet + result.slice(at + Math.floor(random() * 3));
  }
  return result;
}

function piece(random: Random): string {
  return PIECES[Math.floor(random() * PIECES.length)] as string;
}

const STEP = 7919;

/** A mark that names request `number`, and that a mutation does not turn into the mark of another. */
export function markOf(number: number): string {
  return `<${number}.${(number * STEP) % 1_000_003}>`;
}

/** The numbers of all whole marks in a text. */
export function marksIn(text: string): number[] {
  return [...text.matchAll(/<(\d+)\.(\d+)>/g)]
    .filter(([, number, check]) => (Number(number) * STEP) % 1_000_003 === Number(check))
    .map(([, number]) => Number(number));
}
