import { BodyWalker } from '../../../../http-plane/wire/body-walker';
import { INCOMPLETE } from '../../../../http-plane/wire/faults';
import { HeadParser } from '../../../../http-plane/wire/head-parser';
import { viewRequest } from '../../../../http-plane/wire/request-view';

/** The ground that llhttp's request cases cover, as fixtures of our own: what is valid passes whole, what is not stops. */
const parser = new HeadParser();

/** 'ok': one or more whole requests; 'more': valid so far; 'bad': refused. */
function read(text: string): 'ok' | 'more' | 'bad' {
  const buffer = Buffer.from(text, 'latin1');
  let pos = 0;
  while (pos < buffer.length) {
    const behind = parser.request(buffer, pos, buffer.length);
    if (behind === INCOMPLETE) return 'more';
    if (behind < 0) return 'bad';
    const view = viewRequest(parser, buffer, pos, 'triplane');
    if (typeof view === 'number') return 'bad';
    const body = new BodyWalker(view.body, view.length);
    pos = body.done ? behind : body.walk(buffer, behind, buffer.length);
    if (pos < 0) return 'bad';
    if (!body.done) return 'more';
  }
  return 'ok';
}

const H = 'Host: x\r\n';
const get = (fields: string): string => `GET / HTTP/1.1\r\n${H}${fields}\r\n`;
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\n${H}${fields}\r\n${body}`;
const chunks = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

test.each<[string, string]>([
  ['a plain GET', get('')],
  [
    'a browser',
    get('User-Agent: Mozilla/5.0 (X11; U) Gecko/2008 Firefox/3\r\nAccept: text/html,*/*;q=0.8\r\nKeep-Alive: 300\r\n'),
  ],
  ['an empty value', get('A:\r\n')],
  ['a value of blanks', get('A:  \t \r\n')],
  ['a value without a space', get('A:b\r\n')],
  ['blanks around a value', get('A: \t b \t \r\n')],
  ['a strange token', get("!#$%&'*+-.^_`|~aA1: b\r\n")],
  ['high octets in a value', get('A: \x80\xe4\xff\r\n')],
  ['a quoted value', get('A: "b\\"c"\r\n')],
  ['colons in a value', get('A: b:c:d\r\n')],
  ['100 fields', get('A: b\r\n'.repeat(100))],
  ['a query', `GET /a?b=c&d=%20e HTTP/1.1\r\n${H}\r\n`],
  ['a fragment', `GET /a?b#c HTTP/1.1\r\n${H}\r\n`],
  ['quotes and braces in a target', `GET /a"b|{c}?\`[]\\^ HTTP/1.1\r\n${H}\r\n`],
  ['UTF-8 in a target', `GET /\xc3\xa4 HTTP/1.1\r\n${H}\r\n`],
  ['a target that starts with two slashes', `GET //a//b HTTP/1.1\r\n${H}\r\n`],
  ['an absolute target', `GET http://a.b:81/c?d HTTP/1.1\r\n${H}\r\n`],
  ['an absolute target without a path', `GET http://a.b?c HTTP/1.1\r\n${H}\r\n`],
  ['an absolute target of IPv6', `GET http://[::1]:80/ HTTP/1.1\r\n${H}\r\n`],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${H}\r\n`],
  ['a Host of IPv6', 'GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'],
  ...[
    'HEAD',
    'PUT',
    'DELETE',
    'PATCH',
    'PROPFIND',
    'REPORT',
    'M-SEARCH',
    'NOTIFY',
    'PURGE',
    'LINK',
    'QUERY',
    'MKCALENDAR',
    'SOURCE',
    'x',
  ].map((method): [string, string] => [`the method ${method}`, `${method} / HTTP/1.1\r\n${H}\r\n`]),
  ['a body by length', post('Content-Length: 5\r\n', 'hello')],
  ['a length of zero', post('Content-Length: 0\r\n', '')],
  ['a length with leading zeros', post('Content-Length: 0005\r\n', 'hello')],
  ['a length with blanks around', post('Content-Length:  5  \r\n', 'hello')],
  ['a name in any case', post('cOnTeNt-LeNgTh: 5\r\n', 'hello')],
  ['a GET with a body', get('Content-Length: 5\r\n').concat('hello')],
  ['a body in chunks', chunks('5\r\nhello\r\n0\r\n\r\n')],
  ['Chunked in any case', post('transfer-encoding: CHUNKED\r\n', '0\r\n\r\n')],
  ['chunk sizes in both cases and with zeros', chunks('0000a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n')],
  ['chunk extensions', chunks('5;a;b=c;d="e f"\r\nhello\r\n0;z\r\n\r\n')],
  ['trailers', chunks('5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n')],
  ['CR LF inside chunk data', chunks('4\r\n\r\n\r\n\r\n0\r\n\r\n')],
  ['two requests in one piece', get('') + get('')],
  ['a request behind a body', `${post('Content-Length: 5\r\n', 'hello')}${get('')}`],
  ['a request behind chunks', `${chunks('1\r\na\r\n0\r\n\r\n')}${get('')}`],
  ['Connection with several tokens', get('Connection: close, TE ,upgrade\r\n')],
  ['Connection with empty tokens', get('Connection: ,,close,\r\n')],
  ['Upgrade to an unknown protocol', get('Connection: Upgrade\r\nUpgrade: foo/2\r\n')],
])('%s is valid', (_what, text) => {
  expect(read(text)).toBe('ok');
  // Cut anywhere it is incomplete, never refused.
  for (let cut = 1; cut < Math.min(text.length, 400); cut += 1) expect(read(text.slice(0, cut))).not.toBe('bad');
});

test.each<[string, string]>([
  ['an empty method', ` / HTTP/1.1\r\n${H}\r\n`],
  ['a method with a bad character', `GE(T / HTTP/1.1\r\n${H}\r\n`],
  ['a colon in the method', `GET: / HTTP/1.1\r\n${H}\r\n`],
  ['no target', `GET HTTP/1.1\r\n${H}\r\n`],
  ['two spaces before the version', `GET /  HTTP/1.1\r\n${H}\r\n`],
  ['a space in the target', `GET /a b HTTP/1.1\r\n${H}\r\n`],
  ['a control character in the target', `GET /a\x01 HTTP/1.1\r\n${H}\r\n`],
  ['DEL in the target', `GET /a\x7f HTTP/1.1\r\n${H}\r\n`],
  ['a relative target', `GET a/b HTTP/1.1\r\n${H}\r\n`],
  ['an authority as target of GET', `GET a:80 HTTP/1.1\r\n${H}\r\n`],
  ['http in lower case', `GET / http/1.1\r\n${H}\r\n`],
  ['no minor version', `GET / HTTP/1\r\n${H}\r\n`],
  ['a long minor version', `GET / HTTP/1.10\r\n${H}\r\n`],
  ['HTTP/0.9', `GET / HTTP/0.9\r\n${H}\r\n`],
  ['HTTP/3.0', `GET / HTTP/3.0\r\n${H}\r\n`],
  ['a space behind the version', `GET / HTTP/1.1 \r\n${H}\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a TLS greeting', '\x16\x03\x01\x00\xa5\x01\x00\x00'],
  ['CR without LF behind the line', `GET / HTTP/1.1\r${H}\r\n`],
  ['LF without CR behind the line', `GET / HTTP/1.1\n${H}\r\n`],
  ['a field before the line', `${H}GET / HTTP/1.1\r\n\r\n`],
  ['a blank before the first field', `GET / HTTP/1.1\r\n ${H}\r\n`],
  ['a folded field', get('A: b\r\n\tc\r\n')],
  ['a field without colon', get('A\r\n')],
  ['a field without name', get(': b\r\n')],
  ['a blank in a name', get('A b: c\r\n')],
  ['a blank behind a name', get('A : c\r\n')],
  ['a high octet in a name', get('\xe4: c\r\n')],
  ['a NUL in a name', get('A\0: c\r\n')],
  ['a NUL in a value', get('A: b\0\r\n')],
  ['a control character in a value', get('A: b\x08\r\n')],
  ['DEL in a value', get('A: b\x7f\r\n')],
  ['CR in a value', get('A: b\rc: d\r\n')],
  ['LF at the end of a field', get('A: b\n')],
  ['CR CR LF', get('A: b\r\r\n')],
  ['an empty Content-Length', post('Content-Length: \r\n', '')],
  ['letters in Content-Length', post('Content-Length: 5a\r\n', 'hello')],
  ['a blank in Content-Length', post('Content-Length: 4 2\r\n', 'hello')],
  ['a fraction in Content-Length', post('Content-Length: 5.0\r\n', 'hello')],
  ['two lengths', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
  ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  ['chunked with a parameter', post('Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n')],
  ['an empty Transfer-Encoding', post('Transfer-Encoding:\r\n', '')],
  ['chunked and a space inside', post('Transfer-Encoding: chun ked\r\n', '0\r\n\r\n')],
  ['deflate', post('Transfer-Encoding: deflate\r\n', '')],
  ['a chunk without size', chunks(';a\r\nb\r\n0\r\n\r\n')],
  ['a chunk size in letters', chunks('g\r\n')],
  ['a chunk size with a point', chunks('1.0\r\na\r\n')],
  ['a chunk with too little data', chunks('5\r\nab\r\n0\r\n\r\n')],
  ['a chunk with LF alone', chunks('1\na\n0\n\n')],
  ['a chunk size with CR alone', chunks('1\ra\r\n0\r\n\r\n')],
  ['a blank behind a chunk size', chunks('1 \r\na\r\n0\r\n\r\n')],
  ['a control character in an extension', chunks('1;a\x01\r\na\r\n0\r\n\r\n')],
  ['a folded trailer', chunks('0\r\nA: b\r\n c\r\n\r\n')],
])('%s is refused', (_what, text) => {
  expect(read(text)).toBe('bad');
});
