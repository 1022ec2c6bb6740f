import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import { TestCa } from '../support/certificates';
import { HttpBackend } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { RawClient } from '../support/raw-http';

const FROM_LOOPBACK: HttpConfig['proxyProtocol'] = { from: ['127.0.0.0/8'], timeoutMs: 3000 };
const HEADER = 'PROXY TCP4 203.0.113.7 192.0.2.2 40000 80\r\n';
const BINARY = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([203, 0, 113, 9, 192, 0, 2, 2, 0x9c, 0x40, 0, 80]),
]);
const GET = 'GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\nConnection: close\r\n\r\n';

describeWith('openssl', 'the PROXY protocol in front of the HTTP plane', () => {
  const ca = new TestCa();
  const own = { ...ca.issue('localhost'), clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
  const defaults = loadConfig().http;
  const clients: RawClient[] = [];
  let node: HttpBackend;
  let fixture: HttpPlaneFixture;

  async function start(overrides: Partial<HttpConfig> = {}): Promise<void> {
    const https = { ...defaults.https, port: 0, tls: own };
    fixture = await httpPlane([httpNode('app1', node.port)], { proxyProtocol: FROM_LOOPBACK, https, ...overrides });
  }

  beforeAll(async () => {
    node = await HttpBackend.start('app1', ({ headers }, response) =>
      response.end(`<${String(headers['x-forwarded-for'])}>`),
    );
  });
  afterEach(async () => {
    for (const opened of clients.splice(0)) opened.destroy();
    await fixture.plane.close();
  });
  afterAll(async () => {
    await node.close();
    ca.close();
  });

  function client(): RawClient {
    const opened = new RawClient(fixture.port);
    clients.push(opened);
    return opened;
  }

  const securePort = (): number => Number(fixture.plane.addresses['https']?.split(':').at(-1));

  it.each([
    ['1', HEADER, '203.0.113.7'],
    ['2', BINARY.toString('latin1'), '203.0.113.9'],
    ['2 LOCAL', '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0', '127.0.0.1'],
  ])('tells nodes the client of version %s', async (_, header, address) => {
    await start();
    const raw = client().send(header + GET);
    expect(await raw.untilClosed()).toContain(`<${address}>`);
  });

  it('may come in any number of pieces', async () => {
    await start();
    const raw = client();
    raw.socket.setNoDelay(true);
    for (const octet of BINARY.toString('latin1') + GET) {
      raw.send(octet);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(await raw.untilClosed()).toContain('<203.0.113.9>');
  });

  it('comes before TLS, and the client is told to nodes', async () => {
    await start();
    const socket = connectTcp(securePort(), '127.0.0.1');
    socket.write(HEADER);
    const secure = connectTls({ socket, ca: readFileSync(ca.caFile), host: 'localhost', servername: 'localhost' });
    secure.write(GET);
    expect((await secure.toArray()).join('')).toContain('<203.0.113.7>');
  });

  it('comes before HTTP/2 too', async () => {
    await start();
    const socket = connectTcp(securePort(), '127.0.0.1');
    socket.write(BINARY);
    const session = connectHttp2('https://localhost', {
      createConnection: () =>
        connectTls({ socket, ca: readFileSync(ca.caFile), servername: 'localhost', ALPNProtocols: ['h2'] }),
    });
    expect((await session.request({ ':path': '/' }).toArray()).join('')).toBe('<203.0.113.9>');
    session.close();
  });

  it('that is none closes the connection without an answer, counted', async () => {
    await start();
    expect(await client().send(GET).untilClosed()).toBe('');
    expect(await client().send('PROXY TCP9 a b 1 2\r\n').untilClosed()).toBe('');
    expect(fixture.counter('http.rejects.proxyProtocol.signature')).toBe(1);
    expect(fixture.counter('http.rejects.proxyProtocol.family')).toBe(1);
  });

  it('must come in time', async () => {
    await start({ proxyProtocol: { ...FROM_LOOPBACK, timeoutMs: 50 } });
    expect(await client().send('PROXY ').untilClosed()).toBe('');
    expect(fixture.counter('http.rejects.proxyProtocol.timeout')).toBe(1);
  });

  it('is bytes like others when its sender is no configured proxy', async () => {
    await start({ proxyProtocol: { ...FROM_LOOPBACK, from: ['192.0.2.0/24'] } });
    expect(
      await client()
        .send(HEADER + GET)
        .untilClosed(),
    ).toMatch(/^HTTP\/1.1 400 /);
    expect(await client().send(GET).untilClosed()).toContain('<127.0.0.1>');
  });

  it('decides whose X-Forwarded-For is believed', async () => {
    await start({ trustedProxies: ['203.0.113.7'] });
    expect(
      await client()
        .send(HEADER + GET)
        .untilClosed(),
    ).toContain('<198.51.100.1, 203.0.113.7>');
  });
});
