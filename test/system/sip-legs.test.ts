import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createSocket, type Socket } from 'node:dgram';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { TestCa } from '../support/certificates';
import { freePort } from '../support/free-port';
import { describeWith } from '../support/peer';
import { Cluster, startProgram } from '../support/processes';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { TcpAgent, UdpAgent } from '../support/sip-plane-fixture';
import { FOLLOWS_RECORD_ROUTE } from '../support/sipp-scenarios';
import { until } from '../support/until';

/** What a caller outside can do, whatever carries it. */
interface Caller {
  /** The Via and Contact that it writes. */
  readonly via: string;
  readonly contact: string;
  /** What its Record-Route entry begins with. */
  readonly outer: RegExp;
  send(text: string): void;
  next(): Promise<string>;
  close(): void;
}

/** An IPv6 socket as a caller. */
async function ipv6Caller(address: string): Promise<Caller> {
  const socket: Socket = createSocket('udp6');
  const received: string[] = [];
  socket.on('message', (bytes) => received.push(bytes.toString('latin1')));
  await new Promise<void>((resolve) => {
    socket.bind(0, '::1', resolve);
  });
  const { port } = socket.address();
  let taken = 0;
  return {
    via: `UDP [::1]:${port}`,
    contact: `<sip:alice@[::1]:${port};x=y>;expires=60`,
    outer: /^<sip:\[::1\]:\d+;transport=udp;lr;h=\w+>$/,
    send: (text) => socket.send(Buffer.from(text, 'latin1'), Number(address.split(':').at(-1)), '::1'),
    next: async () => {
      const text = await until('a datagram came', () => received[taken]);
      taken += 1;
      return text;
    },
    close: () => socket.close(),
  };
}

async function tlsCaller(address: string, ca: TestCa): Promise<Caller> {
  const socket = connect({ host: '127.0.0.1', port: Number(address.split(':').at(-1)), ca: readFileSync(ca.caFile) });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  const agent = new TcpAgent(socket);
  return {
    via: 'TLS 192.168.7.7:5061',
    contact: '"A" <sips:alice@192.168.7.7:5061;x=y>;expires=60',
    outer: /^<sip:f\w{16}@127\.0\.0\.1:\d+;transport=tls;lr;h=\w+>$/,
    send: (text) => agent.send(text),
    next: () => agent.next(),
    close: () => agent.close(),
  };
}

describeWith('openssl', 'legs that differ, with real processes', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-legs-'));
  let ca: TestCa;
  let cluster: Cluster;
  let node: UdpAgent;
  let inner: number;

  beforeAll(async () => {
    ca = new TestCa();
    const { certFile, keyFile } = ca.issue('plane');
    cluster = await new Cluster({
      set: [
        'sip.external.tlsPort=0',
        `sip.external.tls.certFile=${certFile}`,
        `sip.external.tls.keyFile=${keyFile}`,
        'sip.external.listeners=[{"host":"::1","udpPort":0,"tcpPort":0}]',
      ],
    }).start();
    node = await UdpAgent.start();
    await cluster.startNode('app1', '--sip-udp', `${node.port}`);
    inner = Number(cluster.sip.addresses['internal.udp']?.split(':').at(-1));
  }, 60_000);

  afterAll(async () => {
    node.close();
    await cluster.close();
    ca.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['TLS outside, UDP inside', () => tlsCaller(cluster.sip.addresses['external.tls'] ?? '', ca)],
    ['IPv6 outside, IPv4 inside', () => ipv6Caller(cluster.sip.addresses['external.2.udp'] ?? '')],
  ])(
    'RT-8, WS-10: %s: a call completes both ways, Record-Route names each leg, Contact is untouched',
    async (name, open) => {
      const caller = await open();
      const callId = name.replaceAll(' ', '-');
      const contact = `Contact: ${caller.contact}`;
      caller.send(request({ via: `${caller.via};branch=z9hG4bKinvite`, callId, extra: [contact], body: 'v=0' }));
      const invite = await node.next();
      const [top = '', below = '', ...more] = headers(invite, 'Record-Route');
      expect(top).toMatch(/^<sip:127\.0\.0\.1:\d+;transport=udp;lr;h=\w+>$/);
      expect(top).toContain(`:${inner};`);
      expect(below).toMatch(caller.outer);
      expect(more).toEqual([]);
      expect(headers(invite, 'Contact')).toEqual([caller.contact]);
      expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/UDP 127\.0\.0\.1:/);

      const target = `sip:service@127.0.0.1:${node.port};y=z`;
      node.send(responseTo(invite, '200 OK', { contact: target }), inner);
      const ok = await caller.next();
      expect(startLine(ok)).toBe('SIP/2.0 200 OK');
      expect(headers(ok, 'Contact')).toEqual([`<${target}>`]);
      expect(headers(ok, 'Via')).toHaveLength(1);

      const routes = headers(ok, 'Record-Route').toReversed();
      const within = (method: string, cseq: number): string =>
        request({
          method,
          uri: target,
          via: `${caller.via};branch=z9hG4bK${method}`,
          to: header(ok, 'To'),
          callId,
          cseq: `${cseq} ${method}`,
          extra: routes.map((value) => `Route: ${value}`),
        });
      caller.send(within('ACK', 1));
      const ack = await node.next();
      expect([startLine(ack), headers(ack, 'Route')]).toEqual([`ACK ${target} SIP/2.0`, []]);

      const uri = /<([^>]+)>/.exec(caller.contact)?.[1] ?? '';
      const info = { method: 'INFO', uri, callId, to: '<sip:alice@example.com>;tag=a1' };
      const back = headers(invite, 'Record-Route').map((value) => `Route: ${value}`);
      node.send(request({ ...info, via: `UDP 127.0.0.1:${node.port};branch=z9hG4bKinfo`, extra: back }), inner);
      const asked = await caller.next();
      expect([startLine(asked), headers(asked, 'Route')]).toEqual([`INFO ${uri} SIP/2.0`, []]);
      caller.send(responseTo(asked, '200 OK'));
      expect(header(await node.next(), 'CSeq')).toBe('1 INFO');

      caller.send(within('BYE', 2));
      const bye = await node.next();
      node.send(responseTo(bye, '200 OK'), inner);
      expect(header(await caller.next(), 'CSeq')).toBe('2 BYE');
      caller.close();
    },
  );

  describeWith('sipp', 'sipp over IPv6', () => {
    it('100 calls to a sipp server on IPv4: none fails', async () => {
      const scenario = path.join(folder, 'follows.xml');
      writeFileSync(scenario, FOLLOWS_RECORD_ROUTE);
      const port = await freePort();
      const args = ['-sn', 'uas', '-i', '127.0.0.1', '-p', `${port}`, '-nostdin'];
      const server = startProgram('sipp', args, folder);
      await cluster.command('drain', 'app1');
      await cluster.startNode('sipp', '--sip-udp', `${port}`);
      const target = cluster.sip.addresses['external.2.udp'] ?? '';
      const calls = ['-m', '100', '-r', '50', '-timeout', '30s', '-timeout_error', '-nostdin'];
      const client = startProgram('sipp', [target, '-i', '[::1]', '-sf', scenario, ...calls], folder);
      await until('the calls are over', () => client.exitCode() !== undefined, 40_000);
      await server.stop('SIGKILL');
      expect([client.exitCode(), client.exitCode() === 0 ? '' : client.output().slice(-2000)]).toEqual([0, '']);
    }, 60_000);
  });
});
