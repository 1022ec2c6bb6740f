import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import type { Node } from '../../proto';
import { TestCa } from '../support/certificates';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { RawServer, answer } from '../support/raw-http';
import { until } from '../support/until';

describeWith('openssl', 'HTTP/2 over connections to nodes that were kept', () => {
  const ca = new TestCa();
  const own = { ...ca.issue('localhost'), clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
  const nodes: RawServer[] = [];
  let fixture: HttpPlaneFixture;
  let session: ClientHttp2Session;

  afterAll(() => ca.close());
  afterEach(async () => {
    session.destroy();
    for (const node of nodes.splice(0)) await node.close();
    await fixture.plane.close();
  });

  async function start(table: readonly Node[], rest: Partial<HttpConfig> = {}): Promise<void> {
    fixture = await httpPlane(table, { https: { ...loadConfig().http.https, port: 0, tls: own }, ...rest });
    session = connect(`https://${fixture.plane.addresses['https']}`, { ca: readFileSync(ca.caFile) });
    session.on('error', () => {});
  }

  /** Answers the first request of each connection; closes at the next one, as if it had idled too long. */
  async function closesKept(body: string): Promise<RawServer> {
    const node = await RawServer.start((connection) => {
      if (connection.received.split('\r\n\r\n').length === 2) connection.socket.write(answer(body));
      else connection.socket.destroy();
    });
    nodes.push(node);
    return node;
  }

  function ask(method: string, fields: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    return new Promise((resolve) => {
      const stream = session.request({ ':path': '/', ':method': method, ...fields });
      let [status, body] = [0, ''];
      stream.on('response', (got) => (status = Number(got[':status'])));
      stream.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      stream.on('error', () => {});
      stream.on('close', () => resolve({ status, body }));
      stream.end();
    });
  }

  it('Q4: a GET on a connection that the only node has closed is sent again on a new one', async () => {
    const node = await closesKept('mine');
    await start([httpNode('app1', node.port)]);
    for (let i = 0; i < 6; i += 1) expect(await ask('GET')).toEqual({ status: 200, body: 'mine' });
    expect(fixture.counter('http.retries')).toBe(3);
  });

  it('Q4: a session stays with its node when only the connection was stale', async () => {
    const [one, two] = [await closesKept('one'), await closesKept('two')];
    await start([httpNode('app1', one.port), httpNode('app2', two.port)]);
    for (let i = 0; i < 4; i += 1) {
      expect(await ask('GET', { cookie: 'JSESSIONID=x.app1' })).toEqual({ status: 200, body: 'one' });
    }
  });

  it('Q4: a POST on such a connection is 502 and never sent twice', async () => {
    const node = await closesKept('mine');
    await start([httpNode('app1', node.port)]);
    await ask('GET');
    expect((await ask('POST')).status).toBe(502);
    expect(node.received.match(/^POST/gm)).toHaveLength(1);
  });

  it('a request that kills a node on a new connection is not carried to another', async () => {
    const deadly = await RawServer.start(({ socket }) => socket.destroy());
    nodes.push(deadly);
    await start([httpNode('app1', deadly.port), httpNode('app2', deadly.port)]);
    expect((await ask('GET')).status).toBe(502);
    expect(deadly.connections).toHaveLength(1);
  });

  it('closes a kept connection before the node does', async () => {
    const node = await closesKept('mine');
    await start([httpNode('app1', node.port)], { nodeIdleMs: 50 });
    await ask('GET');
    await until('the plane closes it', () => node.open === 0);
  });
});
