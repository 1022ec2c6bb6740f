import { copyFileSync, readFileSync, utimesSync } from 'node:fs';
import { connect as connectTls, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { TestCa, type TestCertificate } from '../support/certificates';
import { FakeClock } from '../support/fake-clock';
import { describeWith } from '../support/peer';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { TcpAgent, TcpNode, UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { until } from '../support/until';
import { WsAgent } from '../support/ws-agent';

const VIA = 'TLS 127.0.0.1:5061;branch=z9hG4bKtls1';
const WSS_VIA = 'WSS df7jal23ls0d.invalid;branch=z9hG4bKws1';

/** Cipher of TLS 1.2. */
const CIPHER = 'ECDHE-ECDSA-AES128-GCM-SHA256';

const pairOf = ({ certFile, keyFile }: TestCertificate): ConnectionOptions => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});

/** Puts one certificate in the place of another. */
function renew(files: TestCertificate, newer: TestCertificate): void {
  const later = new Date(Date.now() + 10_000);
  for (const name of ['keyFile', 'certFile'] as const) {
    copyFileSync(newer[name], files[name]);
    utimesSync(files[name], later, later);
  }
}

function commonName(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerCertificate() as { subject?: { CN?: string } } | undefined;
  return certificate?.subject?.CN;
}

describeWith('openssl', 'SIP over TLS', () => {
  const clock = new FakeClock();
  let ca: TestCa;
  let own: TestCertificate;
  let fixture: SipPlaneFixture;
  const closers: (() => void)[] = [];

  const leg = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    host: '127.0.0.1',
    udpPort: 0,
    tcpPort: 0,
    tlsPort: 0,
    wssPort: 0,
    tls: own,
    clientTls: { caFile: ca.caFile },
    ...more,
  });
  const start = async (
    nodes: Parameters<typeof sipNode>[1],
    external: Record<string, unknown> = {},
    config: Record<string, unknown> = {},
  ): Promise<void> => {
    const internal = leg();
    fixture = await startPlane([sipNode('app1', nodes)], {
      clock,
      config: { external: leg(external), internal, ...config },
    });
  };
  const connect = async (options: ConnectionOptions = {}): Promise<TcpAgent> => {
    const port = fixture.port('external.tls');
    const socket = connectTls({ host: '127.0.0.1', port, ca: readFileSync(ca.caFile), ...options });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    const agent = new TcpAgent(socket);
    closers.push(() => agent.close());
    return agent;
  };
  const udpNode = async (): Promise<UdpAgent> => {
    const node = await UdpAgent.start();
    closers.push(() => node.close());
    return node;
  };
  const tlsNode = async (options: Record<string, unknown> = {}, certificate = own): Promise<TcpNode> => {
    const server = createServer({
      cert: readFileSync(certificate.certFile),
      key: readFileSync(certificate.keyFile),
      ca: readFileSync(ca.caFile),
      ...options,
    });
    server.on('tlsClientError', () => {});
    const node = await TcpNode.start(server, 'secureConnection');
    closers.push(() => node.close());
    return node;
  };

  beforeAll(() => {
    ca = new TestCa();
    own = ca.issue('plane');
  });

  afterAll(() => ca.close());

  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    await fixture.close();
  });

  it('a call goes on by UDP to a node that has nothing else, and comes back', async () => {
    const node = await udpNode();
    await start({ udp: node.port });
    const client = await connect();
    client.send(request({ via: VIA }));
    const invite = await node.next();
    const [inner, outer] = headers(invite, 'Record-Route');
    expect(inner).toContain(`<sip:${fixture.address('internal.udp')};transport=udp;lr;h=`);
    expect(outer).toContain(`@${fixture.address('external.tls')};transport=tls;lr;h=`);
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it('RT-9: a sips call gets sips in our Record-Route where TLS carries it', async () => {
    const node = await tlsNode();
    await start({ tls: node.port });
    const client = await connect();
    client.send(request({ via: VIA, uri: 'sips:bob@example.com' }));
    const invite = await (await node.connection()).next();
    const [inner, outer] = headers(invite, 'Record-Route');
    expect(inner).toContain(`<sips:${fixture.address('internal.tls')};lr;h=`);
    expect(outer).toContain(`@${fixture.address('external.tls')};lr;h=`);
    expect(outer).toMatch(/^<sips:/);
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/TLS /);
  });

  it('terminateTls: goes on by TCP although the node has TLS', async () => {
    const secure = await tlsNode();
    const plain = await TcpNode.start();
    closers.push(() => plain.close());
    await start({ tls: secure.port, tcp: plain.port }, {}, { terminateTls: true });
    const client = await connect();
    client.send(request({ via: VIA }));
    expect(startLine(await (await plain.connection()).next())).toMatch(/^INVITE /);
    expect(secure.connections).toHaveLength(0);
  });

  it('internalTransport: what came by UDP goes on by TLS, and our client certificate goes with it', async () => {
    const node = await tlsNode({ requestCert: true, rejectUnauthorized: true });
    const mine = ca.issue('proxy');
    fixture = await startPlane([sipNode('app1', { tls: node.port })], {
      config: {
        external: leg(),
        internal: leg({ clientTls: { caFile: ca.caFile, ...mine } }),
        internalTransport: 'tls',
      },
    });
    const client = await udpNode();
    client.send(request({ via: `UDP 127.0.0.1:${client.port};branch=z9hG4bKu` }), fixture.port('external.udp'));
    const at = await node.connection();
    const invite = await at.next();
    expect(commonName(at.socket as TLSSocket)).toBe('proxy');
    at.send(responseTo(invite, '200 OK'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it.each([
    ['of another CA', () => new TestCa('other').issue('node')],
    ['for another address', () => ca.issue('node', { names: ['IP:192.0.2.1'] })],
    ['that has ended', () => ca.issue('node', { days: -1 })],
  ])('a node with a certificate %s gets nothing, the client 503', async (_what, issue) => {
    const node = await tlsNode({}, issue());
    await start({ tls: node.port });
    const client = await connect();
    client.send(request({ via: VIA }));
    expect(startLine(await client.next())).toBe('SIP/2.0 503 Service Unavailable');
    expect(fixture.counter('sip.dialFailures')).toBe(1);
    expect(node.connections.map(({ text }) => text).join('')).toBe('');
  });

  it('serverName: nodes may have certificates for one name instead of their addresses', async () => {
    const node = await tlsNode({}, ca.issue('node', { names: ['DNS:nodes.example.com'] }));
    fixture = await startPlane([sipNode('app1', { tls: node.port })], {
      config: { external: leg(), internal: leg({ serverName: 'nodes.example.com' }) },
    });
    const client = await connect();
    client.send(request({ via: VIA }));
    expect(startLine(await (await node.connection()).next())).toMatch(/^INVITE /);
  });

  it('client certificates that are required: without one there is no connection', async () => {
    const node = await udpNode();
    await start({ udp: node.port }, { tls: { ...own, caFile: ca.caFile, clientCertificates: 'required' } });
    const mine = ca.issue('trunk');
    const client = await connect({ cert: readFileSync(mine.certFile), key: readFileSync(mine.keyFile) });
    client.send(request({ via: VIA }));
    expect(startLine(await node.next())).toMatch(/^INVITE /);
    const stranger = connectTls({ host: '127.0.0.1', port: fixture.port('external.tls'), ca: readFileSync(ca.caFile) });
    stranger.on('error', () => {});
    await until('it was turned away', () => stranger.destroyed);
    expect(fixture.counter('sip.handshakes.tls')).toBe(1);
  });

  it('clear text at the TLS port ends there', async () => {
    await start({ udp: 9 });
    const client = await TcpAgent.connect(fixture.port('external.tls'));
    client.send(request({ via: VIA }));
    await until('it was closed', () => client.closed);
    expect(fixture.counter('sip.handshakes.tls')).toBe(1);
    expect(fixture.counter('sip.external.requests.INVITE')).toBe(0);
  });

  it('a new certificate is taken while connections stay', async () => {
    const node = await udpNode();
    const files = ca.issue('changing');
    const newer = ca.issue('renewed');
    await start({ udp: node.port }, { tls: files });
    const before = await connect();
    expect(commonName(before.socket as TLSSocket)).toBe('changing');
    renew(files, newer);
    await until('the new one is shown', async () => {
      clock.advance(5000);
      return commonName((await connect()).socket as TLSSocket) === 'renewed';
    });
    before.send(request({ via: VIA }));
    expect(startLine(await node.next())).toMatch(/^INVITE /);
    expect(before.closed).toBe(false);
  });

  it('WSS: registers and answers on the same connection', async () => {
    const node = await udpNode();
    await start({ udp: node.port });
    const client = await WsAgent.connect(`wss://${fixture.address('external.wss')}/`, { ca: readFileSync(ca.caFile) });
    closers.push(() => client.close());
    client.send(request({ method: 'REGISTER', uri: 'sip:example.com', via: WSS_VIA }));
    const register = await node.next();
    expect(header(register, 'X-Sip-Balancer-InitialRemoteAddr')).toBe('127.0.0.1');
    node.send(responseTo(register, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it('WSS towards a node that has it', async () => {
    const secure = await tlsNode();
    await start({ wss: secure.port });
    const client = await WsAgent.connect(`wss://${fixture.address('external.wss')}/`, { ca: readFileSync(ca.caFile) });
    closers.push(() => client.close());
    client.send(request({ via: WSS_VIA }));
    const at = await secure.connection();
    await until('the handshake came', () => at.text.includes('Sec-WebSocket-Protocol: sip'));
  });

  it.each([
    ['PKCS#12', () => ({ pfxFile: ca.pfx(own, 'secret'), passphraseFile: ca.file('pass', 'secret\n') }), {}, 'TLSv1.3'],
    ['TLS 1.2', () => own, { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    ['TLS 1.3 only', () => ({ ...own, minVersion: 'TLSv1.3' }), {}, 'TLSv1.3'],
    ['chosen ciphers', () => ({ ...own, ciphers: CIPHER }), { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
  ] as const)('takes %s', async (_what, tls, options, version) => {
    await start({ udp: 9 }, { tls: tls() });
    const socket = (await connect(options)).socket as TLSSocket;
    expect(socket.authorized).toBe(true);
    expect(socket.getCipher().version).toBe(version);
  });

  it.each([
    ['a version below minVersion', () => ({ ...own, minVersion: 'TLSv1.3' }), { maxVersion: 'TLSv1.2' }],
    ['TLS 1.1 by default', () => own, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    [
      'other ciphers',
      () => ({ ...own, ciphers: CIPHER }),
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    ],
  ] as const)('turns away %s', async (_what, tls, options) => {
    await start({ udp: 9 }, { tls: tls() });
    await expect(connect(options)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ERR_SSL|ECONNRESET)/) as string,
    });
    await until('it was counted', () => fixture.counter('sip.handshakes.tls') === 1);
  });

  it.each([
    ['without a certificate', () => ({})],
    ['with one of its CA', () => pairOf(ca.issue('trunk'))],
  ])('client certificates that are wanted: one %s is served', async (_what, pair) => {
    const node = await udpNode();
    await start({ udp: node.port }, { tls: { ...own, caFile: ca.caFile, clientCertificates: 'want' } });
    const client = await connect(pair());
    client.send(request({ via: VIA }));
    expect(startLine(await node.next())).toMatch(/^INVITE /);
  });

  it('client certificates that are required must be of its CA', async () => {
    await start({ udp: 9 }, { tls: { ...own, caFile: ca.caFile, clientCertificates: 'required' } });
    const stranger = await connect({ ...pairOf(new TestCa('other').issue('trunk')), maxVersion: 'TLSv1.2' }).catch(
      () => undefined,
    );
    await until('it was turned away', () => stranger === undefined || stranger.closed);
    expect(fixture.counter('sip.handshakes.tls')).toBe(1);
  });

  it('a new certificate of ours towards nodes is shown on new connections, and those that are up stay', async () => {
    const first = await tlsNode({ requestCert: true, rejectUnauthorized: true });
    const second = await tlsNode({ requestCert: true, rejectUnauthorized: true });
    const mine = ca.issue('before');
    fixture = await startPlane([sipNode('app1', { tls: first.port })], {
      clock,
      config: { external: leg(), internal: leg({ clientTls: { caFile: ca.caFile, ...mine } }) },
    });
    const client = await connect();
    client.send(request({ via: VIA }));
    const at = await first.connection();
    await at.next();
    renew(mine, ca.issue('after'));
    fixture.core.setNodes([sipNode('app1', { tls: first.port }), sipNode('app2', { tls: second.port })]);
    await until('the new one is shown', async () => {
      clock.advance(5000);
      client.send(request({ via: `${VIA}${clock.now()}`, callId: `c${clock.now()}` }));
      return second.connections.some(({ socket }) => commonName(socket as TLSSocket) === 'after');
    });
    expect([at.closed, first.connections.length]).toEqual([false, 1]);
  });

  it('a certificate that cannot be read is one clear line, and nothing stays open', async () => {
    await start({ udp: 9 });
    const broken = leg({ tls: { ...own, certFile: '/nowhere/cert.pem' } });
    await expect(startPlane([], { config: { external: broken, internal: leg() } })).rejects.toMatchObject({
      code: 'TLS_MATERIAL',
      message: expect.stringContaining('sip external tls: /nowhere/cert.pem') as string,
    });
  });
});
