import type { Http2ServerRequest } from 'node:http2';
import { cleanRequest } from '../../../../http-plane/http2/clean-request';

/** A request as node:http2 would show it, were its own checks to let it through. */
function request(lines: readonly (readonly [string, string])[], endAfterHeaders = true): Http2ServerRequest {
  const headers = Object.fromEntries(lines);
  const fake = { headers, rawHeaders: lines.flat(), method: headers[':method'], stream: { endAfterHeaders } };
  return fake as unknown as Http2ServerRequest;
}

const get = (path = '/', ...rest: (readonly [string, string])[]): Http2ServerRequest =>
  request([[':method', 'GET'], [':path', path], [':authority', 'x'], ...rest]);

test.each<[string, Http2ServerRequest, number]>([
  ['a space in the path', get('/a b'), 400],
  ['a line end in the path', get('/a HTTP/1.1\r\nX: y'), 400],
  ['a NUL in the path', get('/a\0'), 400],
  ['a path without a slash', get('a'), 400],
  ['the asterisk for GET', get('*'), 400],
  [
    'no path',
    request([
      [':method', 'GET'],
      [':authority', 'x'],
    ]),
    400,
  ],
  [
    'a line end in the authority',
    request([
      [':method', 'GET'],
      [':path', '/'],
      [':authority', 'x\r\na: b'],
    ]),
    400,
  ],
  [
    'a path in the authority',
    request([
      [':method', 'GET'],
      [':path', '/'],
      [':authority', 'x/y'],
    ]),
    400,
  ],
  [
    'a space in the method',
    request([
      [':method', 'GET /'],
      [':path', '/'],
      [':authority', 'x'],
    ]),
    400,
  ],
  ['a line end in a field', get('/', ['a', 'b\r\nc: d']), 400],
  ['a NUL in a field', get('/', ['a', 'b\0']), 400],
  ['a colon in a name', get('/', ['a:b', 'c']), 400],
  ['a line end in a name', get('/', ['a\r\nb', 'c']), 400],
  [
    'CONNECT',
    request([
      [':method', 'CONNECT'],
      [':authority', 'x'],
    ]),
    405,
  ],
  [
    'TRACE',
    request([
      [':method', 'TRACE'],
      [':path', '/'],
      [':authority', 'x'],
    ]),
    405,
  ],
  ['our own Via', get('/', ['via', '1.1 a, 2.0 triplane']), 508],
])('%s is refused', (_what, bad, status) => {
  expect(cleanRequest(bad, 'triplane')).toMatchObject({ status });
});

test('fields of the hop end here, whatever HTTP/2 lets through', () => {
  const hop = [
    'connection',
    'keep-alive',
    'transfer-encoding',
    'upgrade',
    'te',
    'trailer',
    'proxy-connection',
    'host',
    'expect',
  ];
  const clean = cleanRequest(get('/', ...hop.map((name) => [name, 'x'] as const), ['x-a', '1']), 'triplane');
  expect(clean).toMatchObject({ target: '/', host: 'x', fields: new Map([['x-a', '1']]) });
});

test.each<[string, readonly (readonly [string, string])[], boolean, [string, string][]]>([
  ['a body of unknown length', [], false, [['transfer-encoding', 'chunked']]],
  ['a body of known length', [['content-length', '5']], false, [['content-length', '5']]],
  ['a length that is none', [['content-length', '5, 5']], false, [['transfer-encoding', 'chunked']]],
  ['a length without a body', [['content-length', '5']], true, [['content-length', '0']]],
  ['no body', [], true, [['content-length', '0']]],
])('%s is framed outright', (_what, fields, endAfterHeaders, framed) => {
  const post = request([[':method', 'POST'], [':path', '/'], [':authority', 'x'], ...fields], endAfterHeaders);
  expect(cleanRequest(post, 'triplane')).toMatchObject({ fields: new Map(framed) });
});
