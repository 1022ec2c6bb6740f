import { httpHop, type HttpHop } from '../support/http-hop';
import { answer } from '../support/raw-http';
import { until } from '../support/until';

/** Rules H of reference B.2: framing of messages (RFC 9112). */
let hop: HttpHop;
afterEach(async () => hop.close());

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (head: string, body = ''): string => `POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

test.each<[string, string, number]>([
  [
    'H1: Content-Length with Transfer-Encoding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
    400,
  ],
  [
    'H1: Transfer-Encoding with Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
    400,
  ],
  ['H2: two different Content-Length', post('Content-Length: 5\r\nContent-Length: 6', 'hello'), 400],
  ['H2: two equal Content-Length', post('Content-Length: 5\r\nContent-Length: 5', 'hello'), 400],
  ['H2: a list in Content-Length', post('Content-Length: 5, 5', 'hello'), 400],
  ['H2: a sign in Content-Length', post('Content-Length: +5', 'hello'), 400],
  ['H2: a negative Content-Length', post('Content-Length: -1'), 400],
  ['H2: hexadecimal Content-Length', post('Content-Length: 0x5', 'hello'), 400],
  ['H2: an empty Content-Length', post('Content-Length:'), 400],
  ['H2: a Content-Length beyond all numbers', post('Content-Length: 99999999999999999999'), 400],
  ['H3: an unknown coding', post('Transfer-Encoding: gzip', 'x'), 501],
  ['H3: two codings', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), 501],
  ['H3: chunked that is not last', post('Transfer-Encoding: chunked, identity', '0\r\n\r\n'), 501],
  ['H3: chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), 501],
  ['H3: nearly chunked', post('Transfer-Encoding: xchunked', '0\r\n\r\n'), 501],
  ['H3: quoted chunked', post('Transfer-Encoding: "chunked"', '0\r\n\r\n'), 501],
  ['H4: Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['H5: a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
  ['H5: a folded line', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
  ['H5: a bare CR in a value', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n', 400],
  ['H5: a bare LF after the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n', 400],
  ['H5: a bare LF after a field', 'GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n', 400],
  ['H5: a bare LF at the end of the head', 'GET / HTTP/1.1\r\nHost: x\r\n\n', 400],
  ['H5: NUL in a value', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n', 400],
  ['H5: an empty name', 'GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n', 400],
  ['H5: a name with a bad character', 'GET / HTTP/1.1\r\nHost: x\r\nA(b): c\r\n\r\n', 400],
  ['H5: a line without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n', 400],
  ['H5: two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H5: a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H5: no version', 'GET /\r\nHost: x\r\n\r\n', 400],
  ['H5: HTTP/2 in a request line', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['H5: an unknown minor version', 'GET / HTTP/1.9\r\nHost: x\r\n\r\n', 505],
  ['H5: another protocol', 'GET / ICE/1.0\r\nHost: x\r\n\r\n', 400],
  ['H7: no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['H7: two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400],
  ['H7: a Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  ['H7: a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['H7: a Host with userinfo', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
  ['H8: an absolute target without authority', 'GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H8: an absolute target with userinfo', 'GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H8: another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H8: the asterisk for GET', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['H8: CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 405],
  ['Q5: a head that is too long', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(17_000)}\r\n\r\n`, 431],
  ['Q5: too many fields', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(130)}\r\n`, 431],
  ['Q5: a target that is too long', `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
])('%s is refused, closed, and never reaches a node', async (_rule, request, status) => {
  hop = await httpHop();
  const text = await hop.client().send(request).untilClosed();
  expect(text.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  expect(text).toMatch(/^Connection: close\r$/m);
  expect(hop.node.connections).toHaveLength(0);
});

test.each<[string, string]>([
  ['0x in a size', '0x2\r\nab\r\n0\r\n\r\n'],
  ['a sign in a size', '+2\r\nab\r\n0\r\n\r\n'],
  ['an empty size', '\r\nab\r\n0\r\n\r\n'],
  ['a space before a size', ' 2\r\nab\r\n0\r\n\r\n'],
  ['a space behind a size', '2 \r\nab\r\n0\r\n\r\n'],
  ['a size beyond 2^31', '80000000\r\nab'],
  ['a size with 17 digits', '00000000000000000000000fffffffff\r\nab'],
  ['data without CR LF', '2\r\nabcd\r\n0\r\n\r\n'],
  ['data with a bare LF', '2\r\nab\n0\r\n\r\n'],
  ['a bare LF behind a size', '2\nab\r\n0\r\n\r\n'],
  ['a bare LF behind an extension', '2;a=b\nab\r\n0\r\n\r\n'],
  ['a NUL in an extension', '2;a=\0\r\nab\r\n0\r\n\r\n'],
  ['extensions of more than 1 KiB', `2;a=${'b'.repeat(1100)}\r\nab\r\n0\r\n\r\n`],
  ['extensions of more than 1 KiB in all', `${`1;a=${'b'.repeat(400)}\r\nx\r\n`.repeat(3)}0\r\n\r\n`],
  ['a bad trailer', '0\r\nA b: c\r\n\r\n'],
  ['trailers of more than 8 KiB', `0\r\nA: ${'b'.repeat(9000)}\r\n\r\n`],
])('H6: %s ends the request with an error and leaves the node', async (_what, body) => {
  hop = await httpHop(() => {});
  const client = hop.client().send(chunked(''));
  await until('the node has the head', () => hop.node.received.includes('\r\n\r\n'));
  const text = await client.send(body).untilClosed();
  expect(text).toMatch(/^HTTP\/1\.1 4(00|31) /);
  await until('the node is left', () => hop.node.open === 0);
  expect(hop.node.received).not.toMatch(/\r\n0\r\n\r\n$/);
});

test('H6: a chunked body passes in any cut, extensions included', async () => {
  const body = '5;name="v"\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n';
  hop = await httpHop(({ socket, received }) => {
    if (received.endsWith('0\r\n\r\n')) socket.write(answer('ok'));
  });
  const client = hop.client();
  for (const octet of chunked(body)) {
    client.send(octet);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await client.until('ok');
  expect(hop.node.received.endsWith(`\r\n\r\n${body}`)).toBe(true);
});

test('H6: request trailers pass without those that frame or route', async () => {
  hop = await httpHop(({ socket, received }) => {
    if (received.includes('\r\n0\r\n') && received.endsWith('\r\n\r\n')) socket.write(answer('ok'));
  });
  await hop
    .client()
    .send(chunked('1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nHost: evil\r\nX-Forwarded-For: 6\r\n\r\n'))
    .until('ok');
  expect(hop.node.received.endsWith('\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n')).toBe(true);
});

test('H7: an HTTP/1.0 request without Host is served', async () => {
  hop = await httpHop();
  expect(await hop.client().send('GET / HTTP/1.0\r\n\r\n').untilClosed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*ok$/);
});

test('H8: OPTIONS * and absolute-form go on as they must', async () => {
  hop = await httpHop();
  const client = hop.client();
  await client.send('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n').until('ok');
  await client.send('GET HTTP://Real.example?q HTTP/1.1\r\nHost: x\r\n\r\n').until(/ok[^]*ok$/);
  expect(hop.node.received).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/);
  expect(hop.node.received).toContain('GET /?q HTTP/1.1\r\nHost: Real.example\r\n');
});

test('H9: path and query pass byte for byte', async () => {
  hop = await httpHop();
  const target = '/a//b/./../c%2F%2f%zz;x?y=/&&"|{}^`\\[]<>\x80\xff#f';
  await hop.client().send(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).until('ok');
  expect(hop.node.received.startsWith(`GET ${target} HTTP/1.1\r\n`)).toBe(true);
});

test.each<[string, string]>([
  ['both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a bad status', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
  ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`],
])('H10: an answer with %s is 502, and its connection is not used again', async (_what, reply) => {
  hop = await httpHop(reply);
  const client = hop.client();
  expect(await client.send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
  await until('the node is left', () => hop.node.open === 0);
  await client.send(GET).until(/502[^]*502/);
});

test('H10: a bad chunk in an answer cuts the client off', async () => {
  hop = await httpHop('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n');
  const text = await hop.client().send(GET).untilClosed();
  expect(text).not.toMatch(/0\r\n\r\n$/);
  await until('the node is left', () => hop.node.open === 0);
});

test('H11: bytes behind an answer never reach the next request', async () => {
  hop = await httpHop(`${answer('ok')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
  const client = hop.client();
  await client.send(GET).until('ok');
  await client.send(GET).until(/ok[^]*ok$/);
  expect(client.received).not.toContain('evil');
  expect(hop.node.connections).toHaveLength(2);
});

test('H11: bytes on an idle connection end it', async () => {
  hop = await httpHop();
  const client = hop.client();
  await client.send(GET).until('ok');
  hop.node.connections[0]?.socket.write(answer('evil'));
  await until('the connection is gone', () => hop.node.open === 0);
  await client.send(GET).until(/ok[^]*ok$/);
  expect(client.received).not.toContain('evil');
});

test.each<[string, string]>([
  ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell'],
  ['by chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n'],
  ['inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhell'],
])('H12: a body cut short (%s) cuts the client off', async (_what, reply) => {
  hop = await httpHop(reply, { thenEnd: true });
  const text = await hop.client().send(GET).untilClosed();
  expect(text).toContain('hell');
  expect(text).not.toMatch(/0\r\n\r\n$/);
});

test('H13: a body that ends with the connection becomes chunks, and the client stays', async () => {
  hop = await httpHop('HTTP/1.1 200 OK\r\n\r\nhello', { thenEnd: true });
  const client = hop.client();
  await client.send(GET).until('0\r\n\r\n');
  expect(client.received).toMatch(/^Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/m);
  await client.send(GET).until(/hello[^]*hello[^]*0\r\n\r\n$/);
});

test('H13, H14: an HTTP/1.0 client gets plain bytes and the end of the connection', async () => {
  hop = await httpHop('HTTP/1.1 200 OK\r\n\r\nhello', { thenEnd: true });
  const text = await hop.client().send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').untilClosed();
  expect(text).toMatch(/\r\n\r\nhello$/);
  expect(text).not.toMatch(/transfer-encoding/i);
});

test('H14: chunks are taken apart for an HTTP/1.0 client', async () => {
  hop = await httpHop(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n',
  );
  const text = await hop.client().send('GET / HTTP/1.0\r\nHost: x\r\n\r\n').untilClosed();
  expect(text).toMatch(/\r\n\r\nhello$/);
  expect(text).not.toMatch(/transfer-encoding|trailer/i);
});

test('an HTTP/1.0 client that asks for it keeps its connection when the length is known', async () => {
  hop = await httpHop();
  const client = hop.client();
  const request = 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n';
  await client.send(request).until('ok');
  await client.send(request).until(/ok[^]*ok$/);
  expect(client.received).toMatch(/^Connection: keep-alive\r$/m);
});

test.each<[string, string, string]>([
  ['HEAD', 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'],
  ['304', GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'],
])('H15: %s has no body and keeps its Content-Length', async (_what, request, reply) => {
  hop = await httpHop(reply);
  const client = hop.client();
  await client.send(request).until('\r\n\r\n');
  await client.send(request).until(/\r\n\r\n[^]*\r\n\r\n$/);
  expect(client.received.match(/^Content-Length: 99\r$/gm)).toHaveLength(2);
  expect(hop.node.connections).toHaveLength(1);
});

test('H15: 204 has neither body nor Content-Length', async () => {
  hop = await httpHop('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
  const client = hop.client();
  await client.send(GET).until('\r\n\r\n');
  await client.send(GET).until(/\r\n\r\n[^]*\r\n\r\n$/);
  expect(client.received).not.toMatch(/content-length/i);
});

test('H15: 1xx has no body whatever its fields say, and what follows is read as the next answer', async () => {
  hop = await httpHop(
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 99\r\nLink: </a>\r\n\r\n' +
      'HTTP/1.1 102 Processing\r\nTransfer-Encoding: chunked\r\n\r\n' +
      answer('ok'),
  );
  const received = await hop.client().send(GET).until(/ok$/);
  expect(received.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 103', 'HTTP/1.1 102', 'HTTP/1.1 200']);
  expect(received).toContain('Link: </a>\r\n');
  expect(received).not.toMatch(/content-length: 99|transfer-encoding/i);
});
