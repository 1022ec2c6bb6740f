import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import { TestCa, type TestCertificate } from '../support/certificates';
import { HttpBackend } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { describeWith } from '../support/peer';
import { until } from '../support/until';

describeWith('openssl', 'an HTTPS listener with several certificates', () => {
  const ca = new TestCa();
  const issue = (name: string, ...names: string[]): TestCertificate =>
    ca.issue(name, { names: names.map((host) => `DNS:${host}`) });
  const own = ca.issue('localhost');
  const sockets: TLSSocket[] = [];
  let node: HttpBackend;
  let fixture: HttpPlaneFixture;

  beforeAll(async () => {
    node = await HttpBackend.start('app1');
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await fixture.plane.close();
  });
  afterAll(async () => {
    await node.close();
    ca.close();
  });

  async function start(
    certificates: readonly TestCertificate[],
    tls: Partial<HttpConfig['https']['tls']> = {},
  ): Promise<void> {
    const main = { ...own, clientCertificates: 'disabled', minVersion: 'TLSv1.2', ...tls } as const;
    const https = { ...loadConfig().http.https, port: 0, tls: main, certificates: [...certificates] };
    fixture = await httpPlane([httpNode('app1', node.port)], { https });
  }

  /** The common name of the certificate that a client of that host gets, when TLS and one request went well. */
  async function shown(servername: string, client: Partial<TestCertificate> = {}): Promise<string> {
    const port = Number(fixture.plane.addresses['https']?.split(':').at(-1));
    const { certFile, keyFile } = client;
    const key = certFile !== undefined &&
      keyFile !== undefined && { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const options = { port, host: '127.0.0.1', ca: readFileSync(ca.caFile), checkServerIdentity: () => undefined };
    const socket = connect({ ...options, ...(servername !== '' && { servername }), ...key });
    sockets.push(socket);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answered = await new Promise<string>((resolve, reject) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes.toString())).once('error', reject);
    });
    expect(answered).toContain('200 OK');
    return String(socket.getPeerCertificate().subject.CN);
  }

  it('shows the one that is for the host, in any case; exact names before wildcards; else its first', async () => {
    await start([issue('wild', '*.example.com'), issue('exact', 'a.example.com', 'b.example.org')]);
    expect(await shown('a.example.com')).toBe('exact');
    expect(await shown('B.Example.ORG')).toBe('exact');
    expect(await shown('c.example.com')).toBe('wild');
    expect(await shown('x.c.example.com')).toBe('localhost');
    expect(await shown('unknown.example')).toBe('localhost');
    expect(await shown('')).toBe('localhost');
  });

  it('takes a changed file, its new names included, while it runs', async () => {
    const first = issue('first', 'one.example');
    const fixed = { certFile: path.join(ca.folder, 'sni.pem'), keyFile: path.join(ca.folder, 'sni.key') };
    const install = (pair: TestCertificate): void => {
      copyFileSync(pair.keyFile, fixed.keyFile);
      copyFileSync(pair.certFile, fixed.certFile);
    };
    install(first);
    await start([fixed]);
    expect(await shown('one.example')).toBe('first');
    install(issue('second', 'two.example'));
    process.emit('SIGHUP');
    await until('the new certificate is shown', async () => (await shown('two.example')) === 'second');
    expect(await shown('one.example')).toBe('localhost');
  });

  it('asks for client certificates under every name', async () => {
    await start([issue('other', 'other.example')], { caFile: ca.caFile, clientCertificates: 'required' });
    await expect(shown('other.example')).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|CERTIFICATE_REQUIRED/),
    });
    expect(await shown('other.example', ca.issue('client'))).toBe('other');
  });
});
