import { BodyWalker } from '../../../../http-plane/wire/body-walker';
import { INCOMPLETE } from '../../../../http-plane/wire/faults';
import { HeadParser } from '../../../../http-plane/wire/head-parser';
import { Body } from '../../../../http-plane/wire/request-view';
import { responseBody } from '../../../../http-plane/wire/response-head';

/** The ground that llhttp's response cases cover, as fixtures of our own. */
const parser = new HeadParser();

/** What an answer comes to: how its body is delimited, and how many bytes stand behind it. */
function read(text: string, toHead = false): string {
  const buffer = Buffer.from(text, 'latin1');
  const behind = parser.response(buffer, 0, buffer.length);
  if (behind === INCOMPLETE) return 'more';
  if (behind < 0) return 'bad';
  const kind = responseBody(parser, toHead);
  if (kind < 0) return 'bad';
  const body = new BodyWalker(kind, parser.contentLength);
  const end = body.done ? behind : body.walk(buffer, behind, buffer.length);
  if (end < 0) return 'bad';
  const name = Object.entries(Body).find(([, value]) => value === kind)?.[0] ?? '';
  return `${name}${body.done || kind === Body.UNTIL_CLOSE ? '' : ' more'}${end < buffer.length ? ` +${buffer.length - end}` : ''}`;
}

const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

test.each<[string, string, string]>([
  ['a length', ok('Content-Length: 2\r\n', 'ok'), 'LENGTH'],
  ['a length not yet reached', ok('Content-Length: 3\r\n', 'ok'), 'LENGTH more'],
  ['bytes behind a length', ok('Content-Length: 2\r\n', 'okHTTP'), 'LENGTH +4'],
  ['a length of zero', ok('Content-Length: 0\r\n'), 'NONE'],
  ['chunks', ok('Transfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\n\r\n'), 'CHUNKED'],
  ['bytes behind chunks', ok('Transfer-Encoding: chunked\r\n', '0\r\n\r\nx'), 'CHUNKED +1'],
  ['neither', ok('', 'hello'), 'UNTIL_CLOSE'],
  ['HTTP/1.0 and neither', 'HTTP/1.0 200 OK\r\n\r\nhello', 'UNTIL_CLOSE'],
  ['no reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', 'NONE'],
  ['no reason and no space', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 'NONE'],
  ['a reason of high octets', 'HTTP/1.1 500 Oriêntatieprobleem\r\nContent-Length: 0\r\n\r\n', 'NONE'],
  ['an unknown status', 'HTTP/1.1 799 ?\r\nContent-Length: 0\r\n\r\n', 'NONE'],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'NONE'],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 'NONE'],
  ['304 with chunks', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', 'NONE'],
  ['103', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n', 'NONE'],
  ['an underscore in a name', ok('a_b: c\r\nContent-Length: 0\r\n'), 'NONE'],
  ['a head that is not complete', 'HTTP/1.1 200 OK\r\nA: b\r\n', 'more'],
])('an answer with %s is read as it is meant', (_what, text, meaning) => {
  expect(read(text)).toBe(meaning);
});

test('the answer to HEAD has no body', () => {
  expect(read(ok('Content-Length: 9\r\n'), true)).toBe('NONE');
  expect(read(ok('Transfer-Encoding: chunked\r\n'), true)).toBe('NONE');
});

test.each<[string, string]>([
  ['another protocol', 'RTSP/1.0 200 OK\r\n\r\n'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['no version', 'HTTP/ 200 OK\r\n\r\n'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
  ['letters in the status', 'HTTP/1.1 2x0 OK\r\n\r\n'],
  ['a NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
  ['LF behind the line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['CR behind the line', 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n'],
  ['a folded field', ok('A: b\r\n c\r\n')],
  ['a blank before a colon', ok('A : b\r\n')],
  ['two lengths', ok('Content-Length: 1\r\nContent-Length: 1\r\n', 'a')],
  ['both framings', ok('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['gzip before chunked', ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bad chunk', ok('Transfer-Encoding: chunked\r\n', 'x\r\n')],
  ['a second answer in place of a chunk', ok('Transfer-Encoding: chunked\r\n', 'HTTP/1.1 200 OK\r\n\r\n')],
])('an answer with %s is refused', (_what, text) => {
  expect(read(text)).toBe('bad');
});
