import { httpHop, type HttpHop } from '../support/http-hop';
import { answer } from '../support/raw-http';
import { until } from '../support/until';

/** Rules P of reference B.2: what a proxy does to fields (RFC 9110). */
let hop: HttpHop;
afterEach(async () => hop.close());

const get = (head = ''): string => `GET / HTTP/1.1\r\nHost: x\r\n${head}\r\n`;

test('P1: what belongs to one hop ends here, towards the node', async () => {
  hop = await httpHop();
  await hop
    .client()
    .send(
      get(
        'Connection: close, x-a, X-B\r\nX-A: 1\r\nX-B: 2\r\nx-c: 3\r\nKeep-Alive: 1\r\nProxy-Connection: a\r\nTE: gzip\r\n' +
          'Trailer: a\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\nProxy-Authenticate: a\r\nProxy-Authorization: a\r\n',
      ),
    )
    .untilClosed();
  expect(hop.node.received).toMatch(/^x-c: 3\r$/m);
  expect(hop.node.received).not.toMatch(
    /^(connection|x-a|x-b|keep-alive|proxy-\w+|te|trailer|upgrade|http2-settings):/im,
  );
});

test('P1: and towards the client', async () => {
  hop = await httpHop(
    answer(
      'ok',
      'Connection: X-A\r\nX-A: 1\r\nX-B: 2\r\nKeep-Alive: 1\r\nProxy-Authenticate: a\r\nUpgrade: h2c\r\nTrailer: a\r\n',
    ),
  );
  const text = await hop.client().send(get()).until('ok');
  expect(text).toMatch(/^X-B: 2\r$/m);
  expect(text).not.toMatch(/^(connection|x-a|keep-alive|proxy-\w+|upgrade|trailer):/im);
});

test('P1: a client that takes trailers says so through us', async () => {
  hop = await httpHop();
  await hop.client().send(get('TE: deflate, trailers\r\nConnection: TE\r\n')).until('ok');
  expect(hop.node.received).toMatch(/^TE: trailers\r$/m);
  expect(hop.node.received).toMatch(/^Connection: TE\r$/m);
});

test('P2: Connection cannot name away what routing, framing and trust rest on', async () => {
  hop = await httpHop();
  await hop
    .client()
    .send(
      'POST / HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nContent-Length: 2\r\nConnection: X-Forwarded-For, Host, Content-Length, Cookie, Via\r\n\r\nhi',
    )
    .until('ok');
  for (const line of [
    'Host: x',
    'Cookie: a=b',
    'Content-Length: 2',
    'X-Forwarded-For: 127.0.0.1',
    'Via: 1.1 triplane',
  ]) {
    expect(hop.node.received).toContain(`${line}\r\n`);
  }
});

test('P3: Via grows, both ways', async () => {
  hop = await httpHop(answer('ok', 'Via: 1.0 inner\r\n'));
  const text = await hop.client().send(get('Via: 1.1 a\r\nVia: 1.0 b (c)\r\n')).until('ok');
  expect(hop.node.received.match(/^via:.*$/gim)).toEqual(['Via: 1.1 a, 1.0 b (c), 1.1 triplane']);
  expect(text.match(/^via:.*$/gim)).toEqual(['Via: 1.0 inner, 1.1 triplane']);
});

test('P4: what a client says about itself is replaced', async () => {
  hop = await httpHop();
  await hop
    .client()
    .send(
      get(
        'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nForwarded: for=6\r\n',
      ),
    )
    .until('ok');
  expect(hop.node.received.match(/^(x-forwarded-\w+|forwarded): .*$/gim)).toEqual([
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: x',
  ]);
});

describe('P4: with Forwarded', () => {
  const claimed = 'Forwarded: for=6\r\nforwarded: for="[2001:db8::1]";proto=http\r\nX-Forwarded-Port: 1\r\n';
  const forwarded = async (trustedProxies: readonly string[]): Promise<unknown> => {
    hop = await httpHop(answer('ok'), { forwarded: true, trustedProxies: [...trustedProxies] });
    await hop.client().send(get(claimed)).until('ok');
    return hop.node.received.match(/^(x-forwarded-port|forwarded): .*$/gim);
  };

  test('a client is told of in one element', async () => {
    expect(await forwarded([])).toEqual(['Forwarded: for=127.0.0.1;proto=http;host="x"']);
  });

  test('behind a trusted proxy its elements are continued', async () => {
    expect(await forwarded(['127.0.0.1'])).toEqual([
      'X-Forwarded-Port: 1',
      'Forwarded: for=6, for="[2001:db8::1]";proto=http, for=127.0.0.1;proto=http;host="x"',
    ]);
  });
});

test('P5: fields keep number, order and spelling, both ways', async () => {
  const lines = ['sEt-CookiE: a=1', 'X-B:  two  ', 'Set-Cookie: b=2', 'x-b: \xe4'];
  hop = await httpHop(answer('ok', `${lines.join('\r\n')}\r\n`));
  const text = await hop.client().send(get('x-A: 1\r\nX-a:2\r\nCookie: a\r\ncookie: b\r\nX-A: 3\r\n')).until('ok');
  expect(hop.node.received).toContain('\r\nHost: x\r\nx-A: 1\r\nX-a:2\r\nCookie: a\r\ncookie: b\r\nX-A: 3\r\n');
  expect(text).toContain(`\r\n${lines.join('\r\n')}\r\n`);
});

test('P6: Expect goes to the node, its 100 to the client, then the body to the node', async () => {
  hop = await httpHop(({ socket, received }) => {
    if (received.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (received.endsWith('body')) socket.write(answer('ok'));
  });
  const client = hop.client().send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  await client.until('100 Continue');
  expect(hop.node.received).toMatch(/^Expect: 100-continue\r$/m);
  expect(hop.node.received).not.toContain('body');
  await client.send('body').until('ok');
  expect(client.received.match(/HTTP\/1\.1 100/g)).toHaveLength(1);
});

test('P6: a node that refuses never gets the body', async () => {
  hop = await httpHop('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
  const client = hop.client().send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 417 [^]*Connection: close/);
  await client.send('body').untilClosed();
  expect(hop.node.received).not.toContain('body');
  expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('P6: another expectation is 417', async () => {
  hop = await httpHop();
  expect(await hop.client().send(get('Expect: a-miracle\r\n')).untilClosed()).toMatch(/^HTTP\/1\.1 417 /);
});

test('P7: 103 is passed on before the answer, 100 once, and none of them to HTTP/1.0', async () => {
  hop = await httpHop(
    `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 102 Processing\r\n\r\n${answer('ok')}`,
  );
  const text = await hop.client().send(get()).until('ok');
  expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 103', 'HTTP/1.1 100', 'HTTP/1.1 102', 'HTTP/1.1 200']);
  expect(text).toMatch(/^Link: <\/a>\r$/m);
  const old = await hop.client().send('GET / HTTP/1.0\r\n\r\n').untilClosed();
  expect(old.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
});

test('P8: trailers reach a client that takes them, and no other', async () => {
  hop = await httpHop(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 1\r\n\r\n',
  );
  const takes = await hop
    .client()
    .send(get('TE: trailers\r\nConnection: TE\r\n'))
    .until(/0\r\n(.*\r\n)?\r\n$/);
  expect(takes).toMatch(/^Trailer: X-Sum\r$/m);
  expect(takes.endsWith('2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n')).toBe(true);
  const other = await hop
    .client()
    .send(get())
    .until(/0\r\n(.*\r\n)?\r\n$/);
  expect(other.endsWith('2\r\nok\r\n0\r\n\r\n')).toBe(true);
});

test('P9: TRACE is off, and Max-Forwards of OPTIONS counts down', async () => {
  hop = await httpHop();
  expect(await hop.client().send('TRACE / HTTP/1.1\r\nHost: x\r\n\r\n').untilClosed()).toMatch(/^HTTP\/1\.1 405 /);
  const client = hop.client();
  expect(await client.send('OPTIONS / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n').until('here')).toMatch(/ 200 /);
  expect(hop.node.received).toBe('');
  await client.send('OPTIONS / HTTP/1.1\r\nHost: x\r\nMax-Forwards: 3\r\n\r\n').until('ok');
  expect(hop.node.received.match(/^max-forwards: .*$/gim)).toEqual(['Max-Forwards: 2']);
});

test('P10: a request that came through us before is 508', async () => {
  hop = await httpHop();
  expect(await hop.client().send(get('Via: 1.1 a, 1.1 triplane\r\n')).untilClosed()).toMatch(/^HTTP\/1\.1 508 /);
  expect(hop.node.received).toBe('');
});

test('pipelined requests are answered in order, one at a time at the node', async () => {
  let served = 0;
  hop = await httpHop((connection) => {
    const heads = connection.received.split('\r\n\r\n').length - 1;
    if (heads > served) connection.socket.write(answer(`<${(served = heads)}>`));
  });
  const client = hop.client().send(get().repeat(5));
  await client.until('<5>');
  expect(client.received.match(/<\d>/g)).toEqual(['<1>', '<2>', '<3>', '<4>', '<5>']);
  expect(hop.node.connections).toHaveLength(1);
});

test('empty lines before a request are forgiven', async () => {
  hop = await httpHop();
  await hop.client().send(`\r\n\r\n${get()}`).until('ok');
  expect(hop.node.received).toMatch(/^GET /);
});

test('a head in single bytes is read', async () => {
  hop = await httpHop();
  const client = hop.client();
  for (const octet of get('A: b\r\n')) {
    client.send(octet);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await client.until('ok');
  await until('one request was counted', () => hop.fixture.counter('http.requests.GET') === 1);
});
