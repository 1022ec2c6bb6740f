import { readFileSync } from 'node:fs';
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import type { Node } from '../../proto';
import { TestCa } from '../support/certificates';
import { HttpBackend } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { RawServer, answer } from '../support/raw-http';
import { until } from '../support/until';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** The stream was reset. */
  readonly reset: boolean;
}

describeWith('openssl', 'HTTP/2', () => {
  const ca = new TestCa();
  const own = ca.issue('localhost');
  const closers: (() => unknown)[] = [];
  let fixture: HttpPlaneFixture;
  let session: ClientHttp2Session;

  afterAll(() => ca.close());
  afterEach(async () => {
    session.destroy();
    for (const close of closers.splice(0)) await close();
    await fixture.plane.close();
  });

  async function start(nodes: readonly Node[], rest: Partial<HttpConfig> = {}): Promise<void> {
    const tls = { ...own, clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
    fixture = await httpPlane(nodes, { https: { ...loadConfig().http.https, port: 0, tls }, ...rest });
    session = connect(`https://${fixture.plane.addresses['https']}`, { ca: readFileSync(ca.caFile) });
    session.on('error', () => {});
    await new Promise((resolve) => {
      session.once('connect', resolve);
    });
  }

  function ask(headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
    return new Promise((resolve) => {
      const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined });
      let text = '';
      let fields: Record<string, unknown> = {};
      stream.on('response', (got) => (fields = got));
      stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      stream.on('error', () => {});
      stream.on('close', () => {
        const reset = stream.rstCode !== constants.NGHTTP2_NO_ERROR;
        resolve({ status: Number(fields[':status']), headers: fields, body: text, reset });
      });
      if (body !== undefined) stream.end(body);
    });
  }

  async function backend(id: string): Promise<HttpBackend> {
    const started = await HttpBackend.start(id);
    closers.push(() => started.close());
    return started;
  }

  async function rawNode(reply: string | Parameters<typeof RawServer.start>[0]): Promise<RawServer> {
    const node = await (typeof reply === 'string' ? RawServer.answering(reply) : RawServer.start(reply));
    closers.push(() => node.close());
    return node;
  }

  it('is balanced and counted as HTTP/1.1 is, many streams at once', async () => {
    const [one, two] = [await backend('app1'), await backend('app2')];
    await start([httpNode('app1', one.port), httpNode('app2', two.port)]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask()));
    expect(answers.every(({ status, body }) => status === 200 && body.startsWith('hello from'))).toBe(true);
    expect([one.requests, two.requests]).toEqual([50, 50]);
    expect(fixture.counter('http.requests.GET')).toBe(100);
    expect(fixture.counter('http.responses.200')).toBe(100);
    await until('nothing is in flight', () => fixture.gauge('http.requestsInFlight') === 0);
    expect(fixture.core.table.get('app1')?.live.activeSessions).toBe(0);
    const sticky = await Promise.all(Array.from({ length: 10 }, () => ask({ cookie: 'JSESSIONID=x.app2' })));
    expect(sticky.every(({ headers }) => headers['x-node'] === 'app2')).toBe(true);
  });

  it.each([['POST'], ['PUT'], ['DELETE'], ['OPTIONS']])(
    'carries the body of a %s and nothing but the body',
    async (method) => {
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
      const node = await rawNode(({ socket, received }) => {
        if (received.endsWith('\r\n0\r\n\r\n')) socket.write(answer('ok'));
      });
      await start([httpNode('app1', node.port)]);
      expect(await ask({ ':method': method }, smuggled)).toMatchObject({ status: 200, body: 'ok' });
      expect(node.received).toMatch(/^transfer-encoding: chunked\r$/im);
      expect(node.received).not.toMatch(/^content-length:/im);
    },
  );

  it('keeps a Content-Length, and says 0 for a POST without a body', async () => {
    const node = await rawNode(({ socket, received }) => {
      if (received.endsWith('\r\n\r\n') || received.endsWith('four')) socket.write(answer('ok'));
    });
    await start([httpNode('app1', node.port)]);
    await ask({ ':method': 'POST' });
    expect(node.received).toMatch(/^content-length: 0\r$/im);
    const stream = ask({ ':method': 'POST', 'content-length': '4' }, 'four');
    await until('the body is there', () => node.received.endsWith('four'));
    await stream;
    expect(node.received).toMatch(/^content-length: 4\r$/im);
  });

  it('passes path, authority and fields on, and ends those of the hop', async () => {
    const node = await rawNode(
      answer('ok', 'Connection: X-A\r\nX-A: 1\r\nKeep-Alive: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-B: 2\r\n'),
    );
    await start([httpNode('app1', node.port)]);
    const target = '//a/../b%2F?x=//"y';
    const { headers } = await ask({
      ':path': target,
      ':authority': 'shop.example',
      te: 'trailers',
      trailer: 'x',
      'x-forwarded-for': '6.6.6.6',
      'x-c': ['1', '2'],
      cookie: ['a=1', 'b=2'],
      via: '2.0 edge',
    });
    expect(node.received.startsWith(`GET ${target} HTTP/1.1\r\n`)).toBe(true);
    for (const line of [
      'host: shop.example',
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-proto: https',
      'cookie: a=1; b=2',
      'via: 2.0 edge, 2.0 triplane',
    ]) {
      expect(node.received).toContain(`${line}\r\n`);
    }
    expect(node.received).not.toMatch(/^(trailer|:path):/im);
    expect(node.received).toMatch(/^connection: TE\r\nte: trailers\r$/im);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['x-b']).toBe('2');
    expect(headers['via']).toBe('1.1 triplane');
    expect(headers).not.toHaveProperty('x-a');
    expect(headers).not.toHaveProperty('keep-alive');
  });

  it.each<[string, OutgoingHttpHeaders]>([
    ['a space in the path', { ':path': '/a b' }],
    ['a path without a slash', { ':path': 'a' }],
    ['an authority with a path', { ':authority': 'a/b' }],
    ['a quote in the authority', { ':authority': 'a"b' }],
    ['a line end in the path', { ':path': '/a\r\nb: c' }],
  ])('resets or refuses %s before any node', async (_what, headers) => {
    const node = await rawNode(answer('ok'));
    await start([httpNode('app1', node.port)]);
    const { status, reset } = await ask(headers);
    expect(reset || status === 400).toBe(true);
    expect(node.connections).toHaveLength(0);
  });

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['TRACE', { ':method': 'TRACE' }, 405],
    ['our own Via', { via: '1.1 triplane' }, 508],
  ])('refuses %s before any node', async (_what, headers, status) => {
    const node = await rawNode(answer('ok'));
    await start([httpNode('app1', node.port)]);
    expect((await ask(headers)).status).toBe(status);
    expect(node.connections).toHaveLength(0);
  });

  it('answers 503 without a node, and 502, 504 and another node as HTTP/1.1 does', async () => {
    await start([], { responseTimeoutMs: 100 });
    expect(await ask()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    const rude = await rawNode(({ socket }) => socket.destroy());
    const silent = await rawNode(() => {});
    const gone = await rawNode(() => {});
    const gonePort = gone.port;
    await gone.close();
    const good = await backend('good');
    fixture.core.setNodes([httpNode('rude', rude.port)]);
    expect((await ask({ ':method': 'POST' }, 'x')).status).toBe(502);
    fixture.core.setNodes([httpNode('silent', silent.port)]);
    expect((await ask()).status).toBe(504);
    fixture.core.setNodes([httpNode('gone', gonePort), httpNode('good', good.port)]);
    for (let i = 0; i < 4; i += 1) {
      expect(await ask({ ':method': 'POST' }, 'x'.repeat(50_000))).toMatchObject({
        status: 200,
        body: 'x'.repeat(50_000),
      });
    }
  });

  it('resets the stream of a body that is cut short', async () => {
    const node = await rawNode(({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell'));
    await start([httpNode('app1', node.port)]);
    expect(await ask()).toMatchObject({ status: 200, reset: true });
  });

  it('takes the request from the node when the client resets its stream', async () => {
    const node = await rawNode(() => {});
    await start([httpNode('app1', node.port)]);
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await until('the node has it', () => node.received.includes('\r\n\r\n'));
    stream.close(constants.NGHTTP2_CANCEL);
    await until('the node is left', () => node.open === 0, 1000);
    expect(fixture.gauge('http.requestsInFlight')).toBe(0);
  });

  it.each(['HEAD', 'GET'])('gives no body to %s where there is none', async (method) => {
    const status = method === 'HEAD' ? '200 OK' : '304 Not Modified';
    const node = await rawNode(`HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`);
    await start([httpNode('app1', node.port)]);
    expect(await ask({ ':method': method })).toMatchObject({
      body: '',
      headers: { 'content-length': '9' },
      reset: false,
    });
  });

  it('a node with Trailer, 103 or odd answers ends nothing', async () => {
    const good = await backend('good');
    await start([]);
    for (const reply of [
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'nonsense\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ]) {
      const node = await rawNode(reply);
      fixture.core.setNodes([httpNode('odd', node.port)]);
      await ask({ 'x-a': 'b' });
    }
    fixture.core.setNodes([httpNode('good', good.port)]);
    expect(await ask()).toMatchObject({ status: 200, body: 'hello from good' });
  });

  it('is not offered when switched off', async () => {
    const { port } = await backend('app1');
    await start([httpNode('app1', port)]);
    const tls = { ...own, clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
    const other = await httpPlane([], { https: { ...loadConfig().http.https, port: 0, tls, http2: false } });
    const refused = connect(`https://${other.plane.addresses['https']}`, { ca: readFileSync(ca.caFile) });
    const error = await new Promise<Error>((resolve) => {
      refused.once('error', resolve);
    });
    refused.destroy();
    await other.plane.close();
    expect(error.message).toMatch(/h2|protocol/i);
  });
});
