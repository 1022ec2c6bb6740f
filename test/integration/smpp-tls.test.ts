import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type Server, type TlsOptions } from 'node:tls';
import { readFileSync } from 'node:fs';
import { Protocol, Transport, type Node } from '../../proto';
import { createSmppPlane } from '../../smpp-plane';
import { configSchema, type SmppConfig } from '../../runtime/config';
import { TestCa, type TestCertificate } from '../support/certificates';
import { fakeCore, testNode } from '../support/fake-core';
import { describeWith } from '../support/peer';
import { RawSmppPeer, RawSmsc, bindBody, rawPdu } from '../support/smpp-peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

function pem({ certFile, keyFile }: TestCertificate): { cert: string; key: string } {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

function tlsNode(id: string, port: number): Node {
  return testNode(id, [{ protocol: Protocol.SMPP, transport: Transport.TLS, host: '127.0.0.1', port }]);
}

describeWith('openssl', 'SMPP over TLS', () => {
  let ca: TestCa;
  let certificate: TestCertificate;
  let smsc: RawSmsc;
  let plane: TestSmppPlane;
  const opened: { destroy(): void }[] = [];
  const servers: Server[] = [];

  beforeAll(() => {
    ca = new TestCa();
    certificate = ca.issue('plane');
  });
  beforeEach(async () => {
    smsc = await RawSmsc.start();
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.destroy();
    await plane.close();
    await smsc.close();
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(() => ca.close());

  const tlsSection = (more: Partial<NonNullable<SmppConfig['tls']>> = {}): NonNullable<SmppConfig['tls']> => ({
    ...certificate,
    clientCertificates: 'disabled',
    minVersion: 'TLSv1.2',
    ...more,
  });

  async function esmeOver(options: ConnectionOptions = {}): Promise<RawSmppPeer> {
    const port = Number(plane.addresses['smpp.tls']?.split(':')[1]);
    const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(ca.caFile), ...options });
    opened.push(socket);
    await once(socket, 'secureConnect');
    return new RawSmppPeer(socket);
  }

  /** An SMSC that speaks TLS and accepts binds; how many there were. */
  async function tlsSmsc(options: TlsOptions): Promise<{ port: number; binds: () => number }> {
    let binds = 0;
    const server = createServer(options, (socket) => {
      const peer = new RawSmppPeer(socket);
      opened.push(peer);
      peer.onPdu = ({ command, sequence }) => {
        if (command === 0x09) binds += 1;
        peer.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
      };
    });
    servers.push(server.listen(0, '127.0.0.1'));
    server.on('tlsClientError', () => {});
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, binds: () => binds };
  }

  async function bindStatus(): Promise<number> {
    const socket = connect({ port: Number(plane.addresses['smpp.tls']?.split(':')[1]), ca: readFileSync(ca.caFile) });
    opened.push(socket);
    await once(socket, 'secureConnect');
    return (await new RawSmppPeer(socket).ask(0x09, 1, bindBody('acme'))).status;
  }

  test('an ESME binds over TLS beside one in the clear, its SMSC in the clear (termination)', async () => {
    plane = await startTestPlane([smscNode('a', smsc)], { tlsPort: 0, tls: tlsSection() });
    const esme = await esmeOver();
    expect((await esme.ask(0x09, 1, bindBody('acme'))).status).toBe(0);
    const big = Buffer.alloc(60_000, 7);
    expect((await esme.ask(0x04, 2, big)).status).toBe(0);
    expect(smsc.requests[1]?.body).toEqual(big);
    expect(plane.addresses['smpp']).toBeDefined();
  });

  test('clients without a certificate of ours are refused when one is required, and counted', async () => {
    const tls = tlsSection({ clientCertificates: 'required', caFile: ca.caFile });
    plane = await startTestPlane([smscNode('a', smsc)], { tlsPort: 0, tls });
    const refused = await esmeOver();
    await until('the connection is closed', () => refused.ended);
    expect(plane.counter('smpp.rejects.tlsHandshake')).toBe(1);
    const esme = await esmeOver(pem(ca.issue('esme')));
    expect((await esme.ask(0x09, 1, bindBody('acme'))).status).toBe(0);
  });

  test('bytes that are no TLS, and handshakes that never end, hold nothing', async () => {
    plane = await startTestPlane([smscNode('a', smsc)], { tlsPort: 0, tls: tlsSection(), bindTimeoutMs: 200 });
    const { connect: plain } = await import('node:net');
    const port = Number(plane.addresses['smpp.tls']?.split(':')[1]);
    const sockets = ['', 'GET / HTTP/1.1\r\n\r\n'].map((text) => {
      const socket = plain(port, '127.0.0.1', () => socket.write(text));
      opened.push(socket);
      socket.on('error', () => {}).resume();
      return socket;
    });
    await until('both are closed', () => sockets.every(({ destroyed }) => destroyed));
    expect(plane.counter('smpp.rejects.tlsHandshake')).toBe(2);
  });

  test('an SMSC over TLS is verified: one of our CA is bound, a stranger is not', async () => {
    const good = await tlsSmsc(pem(ca.issue('smsc')));
    const foreign = new TestCa('someone else');
    const bad = await tlsSmsc(pem(foreign.issue('smsc')));
    const clientTls = { caFile: ca.caFile, minVersion: 'TLSv1.2' as const };
    plane = await startTestPlane([tlsNode('bad', bad.port)], { tlsPort: 0, tls: tlsSection(), clientTls });
    expect(await bindStatus()).toBe(0x08);
    plane.core.setNodes([tlsNode('bad', bad.port), tlsNode('good', good.port)]);
    expect(await bindStatus()).toBe(0);
    expect([good.binds(), bad.binds()]).toEqual([1, 0]);
    foreign.close();
  });

  test('remoteServers over TLS with a client certificate of ours and a name to check', async () => {
    const server = {
      ...pem(ca.issue('smsc', { names: ['DNS:smsc.example'] })),
      requestCert: true,
      ca: readFileSync(ca.caFile),
    };
    const remote = await tlsSmsc(server);
    const base = { remoteServers: [`127.0.0.1:${remote.port}`], remoteServersTls: true, tlsPort: 0, tls: tlsSection() };
    const clientTls = { caFile: ca.caFile, minVersion: 'TLSv1.2' as const, ...ca.issue('triplane') };
    plane = await startTestPlane([], { ...base, clientTls });
    expect(await bindStatus()).toBe(0x08);
    await plane.close();
    plane = await startTestPlane([], { ...base, clientTls, serverName: 'smsc.example' });
    expect(await bindStatus()).toBe(0);
  });
});

describe('edges', () => {
  test('a system_id binds only from where it may', async () => {
    const smsc = await RawSmsc.start();
    const plane = await startTestPlane([smscNode('a', smsc)], {
      allow: { acme: ['192.0.2.0/24', '127.0.0.2'], local: ['127.0.0.0/8'], none: [] },
    });
    const { connect: plain } = await import('node:net');
    const status = async (systemId: string, localAddress = '127.0.0.1'): Promise<number> => {
      const socket = plain({ port: Number(plane.address.split(':')[1]), host: '127.0.0.1', localAddress });
      await once(socket, 'connect');
      const answer = await new RawSmppPeer(socket).ask(0x09, 1, bindBody(systemId));
      socket.destroy();
      return answer.status;
    };
    expect(await Promise.all(['acme', 'local', 'none', 'unlisted'].map((id) => status(id)))).toEqual([
      0x0d, 0, 0x0d, 0,
    ]);
    expect(await status('acme', '127.0.0.2')).toBe(0);
    expect(plane.counter('smpp.rejects.notAllowed')).toBe(2);
    await plane.close();
    await smsc.close();
  });

  test('SMSCs are dialled from the address of the second network', async () => {
    const smsc = await RawSmsc.start();
    const plane = await startTestPlane([smscNode('a', smsc)], { sourceHost: '127.0.0.3' });
    const { connect: plain } = await import('node:net');
    const socket = plain(Number(plane.address.split(':')[1]), '127.0.0.1');
    await new RawSmppPeer(socket).ask(0x09, 1, bindBody('acme'));
    expect(smsc.connections[0]?.socket.remoteAddress).toBe('127.0.0.3');
    socket.destroy();
    await plane.close();
    await smsc.close();
  });

  test.each([
    [{ allow: { x: ['300.1.1.1'] } }, 'expected an IP address or a network'],
    [{ allow: { x: ['10.0.0.0/33'] } }, 'expected an IP address or a network'],
    [{ tlsPort: 2876 }, 'expected a certificate, since tlsPort is set'],
  ])('the configuration %j is refused', (smpp, message) => {
    expect(JSON.stringify(configSchema.safeParse({ smpp }).error?.issues)).toContain(message);
  });

  test('a port in use, and TLS files that are not there, are one clear error and leave nothing open', async () => {
    const taken = await RawSmsc.start();
    const config = testSmppConfig();
    const core = fakeCore(Protocol.SMPP);
    const listen = { host: '127.0.0.1', port: taken.port };
    await expect(createSmppPlane(core, { ...config, listen })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    const tls = {
      certFile: 'none.pem',
      keyFile: 'none.key',
      clientCertificates: 'disabled',
      minVersion: 'TLSv1.2',
    } as const;
    await expect(createSmppPlane(core, { ...config, tlsPort: 0, tls })).rejects.toMatchObject({ code: 'TLS_MATERIAL' });
    await taken.close();
  });
});
