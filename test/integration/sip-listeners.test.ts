import { createSocket } from 'node:dgram';
import { Protocol, Transport } from '../../proto';
import { FakeClock } from '../support/fake-clock';
import { testNode } from '../support/fake-core';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import {
  TcpAgent,
  TcpNode,
  UdpAgent,
  sipConfig,
  sipNode,
  startPlane,
  type SipPlaneFixture,
} from '../support/sip-plane-fixture';
import { until } from '../support/until';

const v4 = { host: '127.0.0.1', udpPort: 0, tcpPort: 0 };
const v6 = { host: '::1', udpPort: 0, tcpPort: 0 };
const via = (agent: UdpAgent, branch = 'z9hG4bKl1'): string => `UDP 127.0.0.1:${agent.port};branch=${branch}`;

describe('listeners of the SIP plane', () => {
  let fixture: SipPlaneFixture;
  let client: UdpAgent;
  let node: UdpAgent;

  beforeEach(async () => {
    client = await UdpAgent.start();
    node = await UdpAgent.start();
  });

  afterEach(async () => {
    client.close();
    node.close();
    await fixture.close();
  });

  it('several addresses per leg: each has its name, and answers leave by the one that was asked', async () => {
    fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      config: { external: { ...v4, listeners: [{ host: '127.0.0.1', udpPort: 0 }, v6] }, internal: v4 },
    });
    expect(Object.keys(fixture.plane.addresses)).toEqual([
      'external.udp',
      'external.tcp',
      'external.2.udp',
      'external.3.udp',
      'external.3.tcp',
      'internal.udp',
      'internal.tcp',
    ]);
    expect(fixture.address('external.3.udp')).toMatch(/^\[::1\]:\d+$/);
    client.send(request({ via: via(client) }), fixture.port('external.2.udp'));
    const invite = await node.next();
    expect(headers(invite, 'Record-Route')[1]).toContain(fixture.address('external.2.udp'));
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it('more than 26 ports are refused with one clear line', async () => {
    fixture = await startPlane([], {});
    const many = Array.from({ length: 26 }, () => ({ host: '127.0.0.1', udpPort: 0 }));
    const config = { external: { ...v4, listeners: many }, internal: v4 };
    await expect(startPlane([], { config })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('RT-8: IPv6 outside, IPv4 inside: a pair of Record-Routes, and the call goes both ways', async () => {
    fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      config: { external: v6, internal: v4 },
    });
    const six = createSocket('udp6');
    const came: string[] = [];
    six.on('message', (bytes) => came.push(bytes.toString('latin1')));
    await new Promise<void>((resolve) => {
      six.bind(0, '::1', resolve);
    });
    const { port } = six.address();
    const contact = `Contact: <sip:alice@[::1]:${port}>`;
    const send = (text: string): void => six.send(text, fixture.port('external.udp'), '::1');
    send(request({ via: `UDP [::1]:${port};branch=z9hG4bK6;rport`, extra: [contact], body: 'v=0' }));
    const invite = await node.next();
    const [inner, outer] = headers(invite, 'Record-Route');
    expect(inner).toContain(`<sip:${fixture.address('internal.udp')};transport=udp;lr;h=`);
    expect(outer).toContain(`<sip:${fixture.address('external.udp')};transport=udp;lr;h=`);
    expect(headers(invite, 'Via')[1]).toBe(`SIP/2.0/UDP [::1]:${port};branch=z9hG4bK6;rport=${port};received=::1`);
    expect(header(invite, 'X-Sip-Balancer-InitialRemoteAddr')).toBe('::1');
    expect(invite).toContain(`\r\n${contact}\r\n`);
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    const ok = await until('the answer came', () => came[0]);
    const routes = headers(ok, 'Record-Route').toReversed();
    send(
      request({
        method: 'BYE',
        uri: `sip:node@127.0.0.1:${node.port}`,
        via: `UDP [::1]:${port};branch=z9hG4bK7`,
        to: '<sip:bob@example.com>;tag=n1',
        extra: routes.map((value) => `Route: ${value}`),
      }),
    );
    const bye = await node.next();
    expect(startLine(bye)).toMatch(/^BYE /);
    expect(headers(bye, 'Route')).toEqual([]);

    node.send(
      request({
        method: 'BYE',
        uri: `sip:alice@[0:0:0:0:0:0:0:1]:${port}`,
        via: via(node, 'z9hG4bKn'),
        to: '<sip:alice@x>;tag=a1',
        extra: headers(invite, 'Record-Route').map((value) => `Route: ${value}`),
      }),
      fixture.port('internal.udp'),
    );
    const back = await until('the BYE of the node came', () => came[1]);
    expect(startLine(back)).toMatch(/^BYE /);
    expect(header(back, 'Via')).toContain(`SIP/2.0/UDP ${fixture.address('external.udp')};`);
    six.close();
  });

  it('an IPv6 node is reached from an IPv6 listener of the internal leg', async () => {
    const six = createSocket('udp6');
    const came: string[] = [];
    six.on('message', (bytes) => came.push(bytes.toString('latin1')));
    await new Promise<void>((resolve) => {
      six.bind(0, '::1', resolve);
    });
    const endpoint = {
      protocol: Protocol.SIP,
      transport: Transport.UDP,
      host: '0:0:0:0:0:0:0:1',
      port: six.address().port,
    };
    fixture = await startPlane([testNode('app6', [endpoint])], {
      config: { external: v4, internal: { ...v4, listeners: [v6] } },
    });
    client.send(request({ via: via(client) }), fixture.port('external.udp'));
    const invite = await until('it came', () => came[0]);
    expect(header(invite, 'Via')).toContain(`SIP/2.0/UDP ${fixture.address('internal.2.udp')};`);
    six.close();
  });

  it('FRM-13: STUN on a SIP port says where it came from, and small datagrams are NAT pings', async () => {
    fixture = await startPlane([]);
    const socket = createSocket('udp4');
    const came: Buffer[] = [];
    socket.on('message', (bytes) => came.push(bytes));
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const send = (hex: string): void => socket.send(Buffer.from(hex, 'hex'), fixture.port('external.udp'), '127.0.0.1');
    send('000100002112a442b7e7a701bc34d686fa87dfae');
    const answer = await until('the answer came', () => came[0]);
    expect(answer.toString('hex', 0, 20)).toBe('0101000c2112a442b7e7a701bc34d686fa87dfae');
    expect(answer.readUInt16BE(26) ^ 0x2112).toBe(socket.address().port);
    send('00000000');
    await until('the ping was counted', () => fixture.counter('sip.drops.keepalive') === 1);
    expect(fixture.counter('sip.stun')).toBe(1);
    expect(came).toHaveLength(1);
    socket.close();
  });

  it('OC-6: a source that sends too much is dropped unread, on UDP and on streams; nodes are not', async () => {
    const clock = new FakeClock();
    fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      clock,
      config: { messagesPerSecondPerSource: 10, messageBurstPerSource: 3 },
    });
    for (let i = 0; i < 5; i += 1) {
      client.send(request({ via: via(client, `z9hG4bK${i}`), callId: `c${i}` }), fixture.port('external.udp'));
    }
    await until('two were dropped', () => fixture.counter('sip.drops.rate') === 2);
    expect(fixture.counter('sip.external.requests.INVITE')).toBe(3);
    const stream = await TcpAgent.connect(fixture.port('external.tcp'));
    stream.send(request({ via: 'TCP 127.0.0.1:5999;branch=z9hG4bKs', callId: 's' }));
    await until('a third was dropped', () => fixture.counter('sip.drops.rate') === 3);
    clock.advance(1000);
    stream.send(request({ via: 'TCP 127.0.0.1:5999;branch=z9hG4bKt', callId: 't' }));
    await until('time gave it more', () => fixture.counter('sip.external.requests.INVITE') === 4);
    const invite = await node.next();
    for (let i = 0; i < 10; i += 1) node.send(responseTo(invite, '180 Ringing'), fixture.port('internal.udp'));
    await until('all answers came', () => client.received.length === 10);
    stream.close();
  });

  it('connections per source are limited, and closed ones count no more', async () => {
    fixture = await startPlane([], { config: { maxConnectionsPerSource: 2 } });
    const port = fixture.port('external.tcp');
    const [first, second] = [await TcpAgent.connect(port), await TcpAgent.connect(port)];
    const third = await TcpAgent.connect(port);
    await until('the third was cut', () => third.closed);
    expect(fixture.counter('sip.cuts.source')).toBe(1);
    expect(second.closed).toBe(false);
    first.close();
    await until('it is gone', () => fixture.gauge('sip.connections.external.tcp') === 1);
    const fourth = await TcpAgent.connect(port);
    fourth.send('\r\n\r\n');
    await until('the fourth is served', () => fourth.text === '\r\n');
    second.close();
    fourth.close();
  });
});

describe('a single leg for clients and nodes', () => {
  it('balances what clients send, and lets nodes call out', async () => {
    const client = await UdpAgent.start();
    const node = await UdpAgent.start();
    const other = await UdpAgent.start();
    const fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      config: { external: v4, internal: null },
    });
    const port = fixture.port('external.udp');
    expect(Object.keys(fixture.plane.addresses)).toEqual(['external.udp', 'external.tcp']);

    client.send(request({ via: via(client) }), port);
    const invite = await node.next();
    expect(headers(invite, 'Record-Route')).toHaveLength(1);
    expect(header(invite, 'Record-Route')).toContain(`<sip:${fixture.address('external.udp')};transport=udp;lr;h=`);
    node.send(responseTo(invite, '200 OK'), port);
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');

    node.send(request({ uri: `sip:carol@127.0.0.1:${other.port}`, via: via(node, 'z9hG4bKout'), callId: 'out' }), port);
    const out = await other.next();
    expect(startLine(out)).toBe(`INVITE sip:carol@127.0.0.1:${other.port} SIP/2.0`);
    expect(headers(out, 'X-Sip-Balancer-InitialRemoteAddr')).toEqual([]);

    // A stranger that only says so in its Via is no node: its request is balanced, not relayed.
    client.send(
      request({ uri: `sip:carol@127.0.0.1:${other.port}`, via: 'UDP 192.0.2.9:5060;branch=z9hG4bKx', callId: 'x' }),
      port,
    );
    expect(header(await node.next(), 'Call-ID')).toBe('x');
    expect(other.received).toHaveLength(1);
    for (const agent of [client, node, other]) agent.close();
    await fixture.close();
  });

  it('keeps calls of nodes over TCP apart too', async () => {
    const node = await TcpNode.start();
    const fixture = await startPlane([sipNode('app1', { tcp: node.port })], {
      config: { external: v4, internal: null },
    });
    const client = await TcpAgent.connect(fixture.port('external.tcp'));
    client.send(request({ via: 'TCP 127.0.0.1:5999;branch=z9hG4bKa' }));
    const at = await node.connection();
    const invite = await at.next();
    const routes = headers(invite, 'Record-Route').map((value) => `Route: ${value}`);
    at.send(
      request({
        method: 'BYE',
        uri: 'sip:alice@192.0.2.200:5999;transport=tcp',
        via: `TCP 127.0.0.1:${node.port};branch=z9hG4bKb`,
        to: '<sip:a@x>;tag=1',
        extra: routes,
      }),
    );
    expect(startLine(await client.next())).toMatch(/^BYE sip:alice@192\.0\.2\.200/);
    client.close();
    node.close();
    await fixture.close();
  });
});

describe('the configuration of SIP listeners', () => {
  it('wants a certificate where TLS is spoken', () => {
    expect(() => sipConfig({ external: { ...v4, wssPort: 0 } })).toThrow('expected a certificate');
    expect(() => sipConfig({ internal: { ...v4, listeners: [{ host: '::1', tlsPort: 0 }] } })).toThrow(
      'expected a certificate',
    );
  });
});
