import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { TcpAgent, TcpNode, UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { FakeClock } from '../support/fake-clock';
import { freePort } from '../support/free-port';
import { until } from '../support/until';

const viaTcp = (port: number, branch: string): string => `TCP 127.0.0.1:${port};branch=${branch}`;

describe('TCP', () => {
  const clock = new FakeClock();
  let fixture: SipPlaneFixture;
  let node: TcpNode;
  let client: TcpAgent;

  beforeEach(async () => {
    node = await TcpNode.start();
    fixture = await startPlane([sipNode('app1', { tcp: node.port })], { clock });
    client = await TcpAgent.connect(fixture.port('external.tcp'));
  });

  afterEach(async () => {
    client.close();
    node.close();
    await fixture.close();
  });

  it('VIA-15: listens on the port of UDP', () => {
    expect(fixture.port('external.tcp')).toBe(fixture.port('external.udp'));
    expect(fixture.port('internal.tcp')).toBe(fixture.port('internal.udp'));
  });

  it('VIA-7: a response comes back on the connection of its request', async () => {
    client.send(request({ via: viaTcp(5999, 'z9hG4bKa') }));
    const at = await node.connection();
    const invite = await at.next();
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/TCP 127\.0\.0\.1:\d+;branch=z9hG4bK[a-z2-7]{21};i=/);
    expect(headers(invite, 'Record-Route')[1]).toMatch(/^<sip:f[a-z2-7]{16}@127\.0\.0\.1:\d+;transport=tcp;lr;h=/);
    at.send(responseTo(invite, '180 Ringing'));
    at.send(responseTo(invite, '200 OK'));
    expect(startLine(await client.next())).toBe('SIP/2.0 180 Ringing');
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it('reuses one connection to a node for many requests', async () => {
    for (let i = 0; i < 20; i += 1) client.send(request({ callId: `c${i}`, via: viaTcp(5999, `z9hG4bK${i}`) }));
    const at = await node.connection();
    for (let i = 0; i < 20; i += 1) expect(header(await at.next(), 'Call-ID')).toBe(`c${i}`);
    expect(node.connections).toHaveLength(1);
  });

  it('a node reaches the client on its connection, through the flow in our Record-Route', async () => {
    client.send(request({ via: viaTcp(5999, 'z9hG4bKb') }));
    const at = await node.connection();
    const invite = await at.next();
    const routes = headers(invite, 'Record-Route').map((value) => `Route: ${value}`);
    at.send(
      request({
        method: 'BYE',
        uri: 'sip:alice@192.0.2.200:5999;transport=tcp',
        via: viaTcp(node.port, 'z9hG4bKn'),
        to: '<sip:a@x>;tag=1',
        extra: routes,
      }),
    );
    const bye = await client.next();
    expect(startLine(bye)).toBe('BYE sip:alice@192.0.2.200:5999;transport=tcp SIP/2.0');
    client.send(responseTo(bye, '200 OK'));
    expect(startLine(await at.next())).toBe('SIP/2.0 200 OK');
  });

  it('FRM-4: a ping gets its pong', async () => {
    client.send('\r\n\r\n');
    await until('the pong came', () => client.text === '\r\n');
  });

  it.each([
    [
      'no Content-Length',
      request({ via: viaTcp(5999, 'z9hG4bKc') }).replace('Content-Length: 0\r\n', ''),
      '400 Bad Content-Length',
    ],
    ['a negative one', request({ via: viaTcp(5999, 'z9hG4bKc') }).replace('h: 0', 'h: -1'), '400 Bad Content-Length'],
    [
      'one above the limit',
      request({ via: viaTcp(5999, 'z9hG4bKc') }).replace('h: 0', 'h: 70000'),
      '513 Message Too Large',
    ],
  ])('FRM-5: %s is answered and the connection closed', async (_, text, answer) => {
    client.send(text);
    expect(startLine(await client.next())).toBe(`SIP/2.0 ${answer}`);
    await until('the connection was closed', () => client.closed);
    expect(fixture.counter('sip.cuts.framing')).toBe(1);
  });

  it('FRM-6: a message that is not completed in time ends its connection', async () => {
    const received = fixture.counter('sip.bytes.in');
    client.send('INVITE sip:bob@example.com SIP/2.0\r\nVia: ');
    await until('the bytes came', () => fixture.counter('sip.bytes.in') > received);
    clock.advance(16_000);
    await until('the connection was closed', () => client.closed);
    expect(fixture.counter('sip.cuts.partial')).toBe(1);
  });

  it('FRM-14: an idle connection stays 32 s and more, and goes after idleConnectionMs', async () => {
    client.send('\r\n\r\n');
    await until('the pong came', () => client.text === '\r\n');
    clock.advance(590_000);
    client.send('\r\n\r\n');
    await until('the pong came', () => client.text === '\r\n\r\n');
    expect(client.closed).toBe(false);
    clock.advance(610_000);
    await until('the connection was closed', () => client.closed);
  });

  it('VIA-13: a request whose node refuses the connection is answered 503', async () => {
    const nobody = await freePort();
    fixture.core.setNodes([sipNode('gone', { tcp: nobody })]);
    client.send(request({ via: viaTcp(5999, 'z9hG4bKd') }));
    expect(startLine(await client.next())).toBe('SIP/2.0 503 Service Unavailable');
    expect(fixture.core.table.get('gone')?.live.failures).toBe(1);
  });

  it('VIA-14: what is too long for UDP goes by UDP after all when TCP is refused, and the next try does at once', async () => {
    const server = await UdpAgent.start();
    fixture.core.setNodes([sipNode('app1', { udp: server.port, tcp: await freePort() })]);
    const caller = await UdpAgent.start();
    const send = (): void =>
      caller.send(
        request({ via: `UDP 127.0.0.1:${caller.port};branch=z9hG4bKlong`, body: 'x'.repeat(1500) }),
        fixture.port('external.udp'),
      );
    send();
    const invite = await server.next();
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/UDP /);
    server.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await caller.next())).toBe('SIP/2.0 200 OK');
    send();
    expect(await server.next()).toBe(invite);
    expect(fixture.counter('sip.dialFailures')).toBe(1);
    for (const agent of [server, caller]) agent.close();
  });

  it('turns away connections above the limit', async () => {
    const small = await startPlane([], { config: { maxConnections: 1 } });
    const first = await TcpAgent.connect(small.port('external.tcp'));
    const second = await TcpAgent.connect(small.port('external.tcp'));
    await until('one was turned away', () => first.closed || second.closed);
    expect(small.counter('sip.cuts.too-many')).toBe(1);
    first.close();
    second.close();
    await small.close();
  });
});

describe('legs of different transports', () => {
  it('a TCP client and a UDP node complete a call', async () => {
    const node = await UdpAgent.start();
    const fixture = await startPlane([sipNode('app1', { udp: node.port })]);
    const client = await TcpAgent.connect(fixture.port('external.tcp'));
    client.send(request({ via: viaTcp(5999, 'z9hG4bKa') }));
    const invite = await node.next();
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/UDP /);
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    client.close();
    node.close();
    await fixture.close();
  });

  it('FRM-15: a reader that does not read is cut off, not waited for', async () => {
    const node = await UdpAgent.start();
    const fixture = await startPlane([sipNode('app1', { udp: node.port })]);
    const client = await TcpAgent.connect(fixture.port('external.tcp'));
    client.send(request({ via: viaTcp(5999, 'z9hG4bKa') }));
    const answer = responseTo(await node.next(), '200 OK').replace('\r\n\r\n', `\r\nX: ${'y'.repeat(50_000)}\r\n\r\n`);
    client.socket.pause();
    await until('the slow reader was cut off', () => {
      for (let i = 0; i < 20; i += 1) node.send(answer, fixture.port('internal.udp'));
      return fixture.counter('sip.drops.flow-gone') + fixture.counter('sip.drops.send-failed') > 0;
    });
    client.close();
    node.close();
    await fixture.close();
  });
});
