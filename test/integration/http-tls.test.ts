import { createServer as createHttpsServer, request as httpsRequest, type RequestOptions } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { Endpoint, Protocol, Transport, type Node } from '../../proto';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import { TestCa } from '../support/certificates';
import { testNode } from '../support/fake-core';
import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { until } from '../support/until';

describeWith('openssl', 'HTTPS', () => {
  const ca = new TestCa();
  const own = ca.issue('localhost');
  const closers: (() => unknown)[] = [];
  const defaults = loadConfig().http;
  let fixture: HttpPlaneFixture;

  afterAll(() => ca.close());
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await fixture.plane.close();
  });

  type Https = Partial<HttpConfig['https']>;

  async function start(nodes: readonly Node[], https: Https = {}, rest: Partial<HttpConfig> = {}): Promise<void> {
    const tls = { ...own, clientCertificates: 'disabled', minVersion: 'TLSv1.2', ...https.tls } as const;
    fixture = await httpPlane(nodes, { https: { ...defaults.https, port: 0, ...https, tls }, ...rest });
  }

  const securePort = (): number => Number(fixture.plane.addresses['https']?.split(':').at(-1));

  function get(options: RequestOptions = {}): Promise<{ status: number; body: string; node: unknown }> {
    return new Promise((resolve, reject) => {
      const ask = { host: '127.0.0.1', port: securePort(), ca: readFileSync(ca.caFile), agent: false, ...options };
      httpsRequest(ask, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, node: response.headers['x-node'] }));
      })
        .on('error', reject)
        .end();
    });
  }

  async function backend(id: string): Promise<HttpBackend> {
    const started = await HttpBackend.start(id, (request, response) => {
      response.end(String(request.headers['x-forwarded-proto']));
    });
    closers.push(() => started.close());
    return started;
  }

  /** A node that speaks HTTPS only, with a certificate of this CA or of another. */
  async function secureNode(id: string, issuer = ca): Promise<Node> {
    const { certFile, keyFile } = issuer.issue(id);
    const server = createHttpsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_, response) => {
      response.end(`secure ${id}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return testNode(id, [
      Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TLS, host: '127.0.0.1', port }),
    ]);
  }

  it('is ended here, and the node learns it', async () => {
    const { port } = await backend('app1');
    await start([httpNode('app1', port)]);
    expect(await get()).toMatchObject({ status: 200, body: 'https' });
    expect((await fetchAll(fixture.origin)).body).toBe('http');
  });

  it('X7: carries wss to a node in the clear', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closers.push(() => server.close());
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await new Promise((resolve) => {
      server.once('listening', resolve);
    });
    await start([httpNode('app1', (server.address() as AddressInfo).port)]);
    const socket = new WebSocket(`wss://127.0.0.1:${securePort()}/`, { ca: readFileSync(ca.caFile) });
    closers.push(() => socket.terminate());
    const echoed = new Promise((resolve, reject) => {
      socket.once('open', () => socket.send('x'.repeat(100_000)));
      socket.once('message', (data: Buffer) => resolve(data.length)).once('error', reject);
    });
    expect(await echoed).toBe(100_000);
  });

  it.each(['ws', 'wss'])(
    'X7: carries %s to a node that has wss only, whose certificate is verified',
    async (scheme) => {
      const { certFile, keyFile } = ca.issue('node');
      const server = createHttpsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      closers.push(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const endpoint = { protocol: Protocol.HTTP, transport: Transport.WSS, host: '127.0.0.1', port };
      const nodeTls = { caFile: ca.caFile, minVersion: 'TLSv1.2' } as const;
      await start([testNode('app1', [Endpoint.create(endpoint)])], {}, { nodeTls });
      const at = scheme === 'ws' ? fixture.port : securePort();
      const socket = new WebSocket(`${scheme}://127.0.0.1:${at}/`, { ca: readFileSync(ca.caFile) });
      closers.push(() => socket.terminate());
      const echoed = new Promise((resolve, reject) => {
        socket.once('open', () => socket.send('x'.repeat(100_000)));
        socket.once('message', (data: Buffer) => resolve(data.length)).once('error', reject);
      });
      expect(await echoed).toBe(100_000);
    },
  );

  it('redirects plain requests when told so, at the same path', async () => {
    const { port } = await backend('app1');
    await start([httpNode('app1', port)], { redirect: true });
    const { status, headers } = await fetchAll(`http://localhost:${fixture.port}/a//b?c=%20`);
    expect(status).toBe(302);
    expect(headers.get('location')).toBe(`https://localhost:${securePort()}/a//b?c=%20`);
    expect((await get()).status).toBe(200);
  });

  it('asks for client certificates when told so', async () => {
    const { port } = await backend('app1');
    const tls = { ...own, caFile: ca.caFile, clientCertificates: 'required', minVersion: 'TLSv1.2' } as const;
    await start([httpNode('app1', port)], { tls });
    await expect(get()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|CERTIFICATE_REQUIRED/) });
    const { certFile, keyFile } = ca.issue('client');
    expect((await get({ cert: readFileSync(certFile), key: readFileSync(keyFile) })).status).toBe(200);
  });

  it('survives what is no handshake', async () => {
    const { port } = await backend('app1');
    await start([httpNode('app1', port)]);
    const odd = tlsConnect({ host: '127.0.0.1', port: securePort(), maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' });
    odd.on('error', () => {});
    await until('it is refused', () => odd.destroyed);
    await expect(fetch(`http://127.0.0.1:${securePort()}/`)).rejects.toThrow('fetch failed');
    expect(fixture.counter('http.rejects.tlsHandshake')).toBe(2);
    expect((await get()).status).toBe(200);
  });

  it('goes on to a node that speaks nothing else, whose certificate is verified', async () => {
    const node = await secureNode('app1');
    await start([node], {}, { nodeTls: { caFile: ca.caFile, minVersion: 'TLSv1.2' } });
    expect(await get()).toMatchObject({ status: 200, body: 'secure app1' });
    expect((await fetchAll(fixture.origin)).body).toBe('secure app1');
  });

  it('trusts no node with a certificate of somebody else', async () => {
    const stranger = new TestCa('another CA');
    closers.push(() => stranger.close());
    await start([await secureNode('app1', stranger)], {}, { nodeTls: { caFile: ca.caFile, minVersion: 'TLSv1.2' } });
    expect((await get()).status).toBe(502);
  });

  it('stays encrypted to nodes that can when told so, and plain requests stay plain', async () => {
    const [secure] = (await secureNode('app1')).endpoints;
    const { port } = await backend('plain');
    const node = httpNode('app1', port);
    const both = { ...node, endpoints: [...node.endpoints, ...(secure === undefined ? [] : [secure])] };
    await start([both], {}, { encryptToNodes: true, nodeTls: { caFile: ca.caFile, minVersion: 'TLSv1.2' } });
    expect((await get()).body).toBe('secure app1');
    expect((await fetchAll(fixture.origin)).body).toBe('http');
  });

  it('names the file when the certificate cannot be read', async () => {
    await start([]);
    const tls = { ...own, certFile: '/nowhere.pem', clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
    await expect(httpPlane([], { https: { ...defaults.https, port: 0, tls } })).rejects.toMatchObject({
      code: 'TLS_MATERIAL',
    });
  });
});
