import { readFileSync } from 'node:fs';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import type { Node } from '../../proto';
import { TestCa } from '../support/certificates';
import { freePort } from '../support/free-port';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { RawServer, answer, type RawConnection } from '../support/raw-http';
import { until } from '../support/until';
import { WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';

const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n';
const TRAILED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nMax-Forwards: 5\r\nVia: a\r\n\r\n';

// A text frame of the client, masked with zeros, and the binary one that the server sends back.
const MASKED = Buffer.from('8185000000006865 6c6c6f'.replaceAll(' ', ''), 'hex');
const ECHO = '\x82\x05hello';

const opened = (stream: ClientHttp2Stream): Promise<Record<string, unknown>> =>
  new Promise((resolve) => {
    stream.once('response', resolve);
  });

/** Everything that comes of a stream, in order. */
function watched(stream: ClientHttp2Stream): { events: string[]; closed: Promise<void> } {
  const events: string[] = [];
  stream.on('continue', () => events.push('100'));
  stream.on('headers', (fields) => {
    if (fields[':status'] !== 100)
      events.push(`${fields[':status']} ${String(fields['link'])} ${String(fields['x-hop'])}`);
  });
  stream.on('response', (fields) => events.push(`${fields[':status']}`));
  stream.on('data', (piece: Buffer) => events.push(piece.toString('latin1')));
  stream.on('trailers', (fields) => events.push(`trailers ${JSON.stringify(fields)}`));
  stream.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve);
  });
  return { events, closed };
}

describeWith('openssl', 'HTTP/2 streams', () => {
  const ca = new TestCa();
  const own = { ...ca.issue('localhost'), clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
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
    fixture = await httpPlane(nodes, { https: { ...loadConfig().http.https, port: 0, tls: own }, ...rest });
    session = connect(`https://${fixture.plane.addresses['https']}`, { ca: readFileSync(ca.caFile) });
    session.on('error', () => {});
    await new Promise((resolve) => {
      session.once('remoteSettings', resolve);
    });
  }

  async function rawNode(reply: string | ((connection: RawConnection) => void)): Promise<RawServer> {
    const node = await (typeof reply === 'string' ? RawServer.answering(reply) : RawServer.start(reply));
    closers.push(() => node.close());
    return node;
  }

  const open = (fields: Record<string, string> = {}): ClientHttp2Stream =>
    session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/ws?a=b',
      'sec-websocket-version': '13',
      ...fields,
    });

  async function wsNode(): Promise<number> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'sip' });
    closers.push(() => server.close());
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await new Promise((resolve) => {
      server.once('listening', resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  it('P7: 103 is passed on before the answer, without the fields of the hop', async () => {
    const node = await rawNode(EARLY + EARLY + answer('ok'));
    await start([httpNode('app1', node.port)]);
    const { events, closed } = watched(session.request({ ':path': '/' }));
    await closed;
    expect(events).toEqual(['103 </a.css> undefined', '103 </a.css> undefined', '200', 'ok']);
  });

  it('P8: trailers reach a client that takes them, without those that frame or route, and no other', async () => {
    const node = await rawNode(TRAILED);
    await start([httpNode('app1', node.port)]);
    const taken = watched(session.request({ ':path': '/', te: 'trailers' }));
    await taken.closed;
    expect(taken.events).toEqual(['200', 'ok', 'trailers {"x-sum":"1"}']);
    expect(node.received).toMatch(/^te: trailers\r$/im);
    const refused = watched(session.request({ ':path': '/' }));
    await refused.closed;
    expect(refused.events).toEqual(['200', 'ok']);
  });

  it.each([
    ['last', 'X-Sum: 1\r\nX-Two: 2\r\nContent-Length: 3\r\n'],
    ['first', 'Content-Length: 3\r\nX-Sum: 1\r\nX-Two: 2\r\n'],
    ['among others', 'X-Sum: 1\r\nContent-Length: 3\r\nTransfer-Encoding: a\r\nX-Two: 2\r\n'],
  ])('P8: a Content-Length among the trailers of a node takes no other with it: %s', async (_place, section) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const node = await rawNode(`${head}2\r\nok\r\n0;a="b: c"\r\n${section}\r\n`);
    await start([httpNode('app1', node.port)]);
    const { events, closed } = watched(session.request({ ':path': '/', te: 'trailers' }));
    await closed;
    expect(events).toEqual(['200', 'ok', 'trailers {"x-sum":"1","x-two":"2"}']);
  });

  it('H6: request trailers pass without those that frame or route', async () => {
    const node = await rawNode((connection) => {
      if (connection.received.endsWith('\r\n\r\n') && /\n0\r\n/.test(connection.received)) {
        connection.socket.write(answer('ok'));
      }
    });
    await start([httpNode('app1', node.port)]);
    const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7', 'max-forwards': '1', via: 'a' }));
    const { events, closed } = watched(stream);
    stream.end('hello');
    await closed;
    expect(events).toEqual(['200', 'ok']);
    expect(node.received).toContain('\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n');
  });

  it('P6: Expect goes to the node, its 100 to the client, then the body to the node', async () => {
    const node = await rawNode((connection) => {
      if (connection.received.endsWith('\r\n\r\n')) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (connection.received.endsWith('hello')) connection.socket.write(answer('ok'));
    });
    await start([httpNode('app1', node.port)]);
    const fields = { ':path': '/up', ':method': 'POST', expect: '100-continue', 'content-length': 5 };
    const stream = session.request(fields);
    const { events, closed } = watched(stream);
    stream.once('continue', () => stream.end('hello'));
    await closed;
    expect(events).toEqual(['100', '200', 'ok']);
    expect(node.received).toMatch(/^POST \/up HTTP\/1.1\r\n[^]*expect: 100-continue\r\n[^]*\r\n\r\nhello$/i);
  });

  it('P6: a node that refuses never gets the body', async () => {
    const node = await rawNode('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
    await start([httpNode('app1', node.port)]);
    const stream = session.request({ ':path': '/', ':method': 'POST', expect: '100-continue', 'content-length': 5 });
    const { events } = watched(stream);
    await until('it is refused', () => events[0] === '413');
    expect(node.received.endsWith('\r\n\r\n')).toBe(true);
    stream.close();
  });

  it('P4: what a client says about itself is replaced, and believed behind a trusted proxy', async () => {
    const node = await rawNode(answer('ok'));
    await start([httpNode('app1', node.port)], { trustedProxies: ['127.0.0.1'] });
    const claims = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'http', forwarded: 'for=198.51.100.1' };
    await watched(session.request({ ':path': '/', ...claims })).closed;
    expect(node.received).toMatch(/^x-forwarded-proto: http\r\nx-forwarded-for: 198\.51\.100\.1, 127\.0\.0\.1\r$/im);
    expect(node.received).toMatch(/^forwarded: for=198\.51\.100\.1\r$/im);
  });

  it.each([
    ['in one element', [], /^forwarded: for=127\.0\.0\.1;proto=https;host="[^"]+"\r$/im],
    ["behind a trusted proxy's", ['127.0.0.1'], /^forwarded: for=6, for=127\.0\.0\.1;proto=https;host="[^"]+"\r$/im],
  ])('P4: Forwarded tells of the client %s', async (_name, trustedProxies, expected) => {
    const node = await rawNode(answer('ok'));
    await start([httpNode('app1', node.port)], { forwarded: true, trustedProxies });
    await watched(session.request({ ':path': '/', forwarded: 'for=6' })).closed;
    expect(node.received).toMatch(expected);
  });

  describe('RFC 8441: a WebSocket', () => {
    it('is a tunnel to the WebSocket port of a node, whatever its subprotocol, and is counted', async () => {
      const port = await wsNode();
      await start([httpNode('app1', await freePort(), { wsPort: port })]);
      expect(session.remoteSettings.enableConnectProtocol).toBe(true);
      const stream = open({ 'sec-websocket-protocol': 'xmpp, sip' });
      const { events } = watched(stream);
      expect(await opened(stream)).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'sip' });
      stream.write(MASKED);
      await until('it is echoed', () => events.join('').includes(ECHO));
      expect(fixture.gauge('http.tunnels')).toBe(1);
      expect(fixture.counter('http.tunnels.opened')).toBe(1);
      stream.close();
      await until('it is gone', () => fixture.gauge('http.tunnels') === 0);
    });

    it('passes the end of either side on', async () => {
      await start([httpNode('app1', await wsNode())]);
      const stream = open();
      const { events, closed } = watched(stream);
      await opened(stream);
      stream.once('end', () => stream.end());
      // A close frame: the node answers with one, and ends.
      stream.write(Buffer.from('88820000000003e8', 'hex'));
      await closed;
      expect(events.join('')).toContain('\x88\x02');
      await until('it is gone', () => fixture.gauge('http.tunnels') === 0);
    });

    it('X3: that a node refuses is an ordinary answer, body included', async () => {
      const node = await rawNode('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?');
      await start([httpNode('app1', node.port)]);
      const { events, closed } = watched(open());
      await closed;
      expect(events).toEqual(['401', 'who?']);
      expect(node.received).toMatch(/^GET \/ws\?a=b HTTP\/1.1\r\n/);
      expect(fixture.gauge('http.requestsInFlight')).toBe(0);
    });

    it('is a line of the access log', async () => {
      const file = ca.file('access.log', '');
      await start([httpNode('app1', await wsNode())], { accessLog: { file, format: 'common' } });
      const stream = open();
      await opened(stream);
      stream.close();
      await until('it is written', () => /"CONNECT \/ws\?a=b HTTP\/2.0" 200 /.test(readFileSync(file, 'utf8')));
    });

    it('X1: with a wrong accept key is 502', async () => {
      const node = await rawNode(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AA==\r\n\r\n',
      );
      await start([httpNode('app1', node.port)]);
      expect(await opened(open())).toMatchObject({ ':status': 502 });
    });

    it('goes to another node when the first takes no connection, and is 503 without one', async () => {
      await start([httpNode('gone', await freePort()), httpNode('app2', await wsNode())]);
      for (let i = 0; i < 2; i += 1) {
        const stream = open();
        expect(await opened(stream)).toMatchObject({ ':status': 200 });
        stream.close();
      }
      fixture.core.setNodes([]);
      expect(await opened(open())).toMatchObject({ ':status': 503 });
    });

    it('X6: that is reset at any moment leaves nothing open', async () => {
      const silent = await rawNode(() => {});
      await start([httpNode('app1', silent.port)]);
      const streams = Array.from({ length: 20 }, () => open());
      for (const stream of streams) stream.on('error', () => {});
      await until('all are at the node', () => silent.connections.length === 20);
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await until('nothing is open', () => silent.open === 0 && fixture.gauge('http.requestsInFlight') === 0, 1000);
    });

    it('and a CONNECT for anything else is 405', async () => {
      await start([]);
      const stream = session.request({ ':method': 'CONNECT', ':authority': 'x:80' });
      stream.on('error', () => {});
      expect(await opened(stream)).toMatchObject({ ':status': 405 });
      const other = open({ ':protocol': 'connect-udp' });
      other.on('error', () => {});
      expect(await opened(other)).toMatchObject({ ':status': 405 });
    });
  });
});
