import { FakeClock } from '../support/fake-clock';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { until } from '../support/until';
import { WsAgent, WsNode, handshake } from '../support/ws-agent';

const loopback = { host: '127.0.0.1', udpPort: 0, tcpPort: 0, wsPort: 0 };
const VIA = 'WS df7jal23ls0d.invalid;branch=z9hG4bKws1;rport';
const CONTACT = 'Contact: <sip:alice@df7jal23ls0d.invalid;transport=ws>';

describe('SIP over WebSocket', () => {
  const clock = new FakeClock();
  let fixture: SipPlaneFixture;
  let node: UdpAgent;
  let url: string;
  const agents: WsAgent[] = [];

  const start = async (webSocket: Record<string, unknown> = {}): Promise<void> => {
    fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      clock,
      config: { external: loopback, internal: loopback, maxMessageBytes: 8000, webSocket },
    });
    url = `ws://${fixture.address('external.ws')}/`;
  };
  const connect = async (): Promise<WsAgent> => {
    const agent = await WsAgent.connect(url);
    agents.push(agent);
    return agent;
  };

  beforeEach(async () => {
    node = await UdpAgent.start();
  });

  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.close();
    node.close();
    await fixture.close();
  });

  it.each([
    ['sip alone', ['sip'], 101, 'sip'],
    ['sip among others', ['chat', 'sip'], 101, 'sip'],
    ['sip in capitals, as the client spells it', ['chat', 'SIP'], 101, 'SIP'],
    ['something else', ['chat'], 400, undefined],
    ['nothing', [], 400, undefined],
  ])('WS-1: a handshake that offers %s', async (_what, protocols, status, chosen) => {
    await start();
    const answer = await handshake(url, protocols);
    expect(answer.status).toBe(status);
    expect(answer.headers['sec-websocket-protocol']).toBe(chosen);
    expect(fixture.counter('sip.handshakes.protocol')).toBe(status === 101 ? 0 : 1);
  });

  it('WS-2: another version is told which one is spoken', async () => {
    await start();
    const answer = await handshake(url, ['sip'], { protocolVersion: 8 });
    expect(answer.status).toBe(426);
    expect(answer.headers['sec-websocket-version']).toBe('13');
  });

  it('WS-3: text and binary messages are taken, and what is no UTF-8 is sent as binary', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA, method: 'OPTIONS', uri: 'sip:bob@example.com' }));
    client.socket.send(Buffer.from(request({ via: VIA, method: 'OPTIONS', callId: 'second' }), 'latin1'), {
      binary: true,
    });
    const first = await node.next();
    expect(header(await node.next(), 'Call-ID')).toBe('second');
    node.send(responseTo(first, '200 OK'), fixture.port('internal.udp'));
    node.send(responseTo(first, '200 Sch\xf6n'), fixture.port('internal.udp'));
    expect(await client.nextFrame()).toMatchObject({ binary: false });
    const binary = await client.nextFrame();
    expect(binary.binary).toBe(true);
    expect(startLine(binary.text)).toBe('SIP/2.0 200 Sch\xf6n');
  });

  it('WS-4: Content-Length may be missing, fragments are one message, and what follows the message is not part of it', async () => {
    await start();
    const client = await connect();
    const body = 'v=0\r\n';
    const bare = request({ via: VIA, body, extra: ['Content-Type: application/sdp'] });
    client.send(bare.replace(/Content-Length: \d+\r\n/, ''));
    expect(await node.next()).toContain(`\r\n\r\n${body}`);
    const whole = request({ via: VIA, callId: 'parts' });
    client.socket.send(whole.slice(0, 30), { fin: false });
    client.socket.send(whole.slice(30, 90), { fin: false });
    client.socket.send(whole.slice(90), { fin: true });
    expect(header(await node.next(), 'Call-ID')).toBe('parts');
    client.send(`${request({ via: VIA, callId: 'one' })}${request({ via: VIA, callId: 'two' })}`);
    client.send(request({ via: VIA, callId: 'three' }));
    expect(header(await node.next(), 'Call-ID')).toBe('one');
    expect(header(await node.next(), 'Call-ID')).toBe('three');
  });

  it('WS-5: our Record-Route says transport=ws, our own Via towards a node what carries it', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA, extra: [CONTACT] }));
    const invite = await node.next();
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/UDP 127\.0\.0\.1:/);
    const own = fixture.address('external.ws').replace('.', String.raw`\.`);
    expect(headers(invite, 'Record-Route')[1]).toMatch(new RegExp(`^<sip:f[a-z2-7]{16}@${own};transport=ws;lr;h=`));
  });

  it('VIA-3, WS-6: nothing about the client is added to its Via, and the answer takes its connection', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA }));
    const invite = await node.next();
    expect(headers(invite, 'Via')[1]).toBe(`SIP/2.0/${VIA}`);
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    const answer = await client.next();
    expect(headers(answer, 'Via')).toEqual([`SIP/2.0/${VIA}`]);
  });

  it('WS-6: requests of a node inside a call take the connection; its .invalid address is never looked up', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA, extra: [CONTACT] }));
    const invite = await node.next();
    const routes = headers(invite, 'Record-Route').map((value) => `Route: ${value}`);
    const bye = {
      method: 'BYE',
      uri: 'sip:alice@df7jal23ls0d.invalid;transport=ws',
      to: '<sip:a@x>;tag=1',
      via: `UDP 127.0.0.1:${node.port};branch=z9hG4bKn1`,
    };
    node.send(request({ ...bye, extra: routes }), fixture.port('internal.udp'));
    const came = await client.next();
    expect(startLine(came)).toBe('BYE sip:alice@df7jal23ls0d.invalid;transport=ws SIP/2.0');
    expect(header(came, 'Via')).toMatch(/^SIP\/2\.0\/WS 127\.0\.0\.1:/);
    client.send(responseTo(came, '200 OK'));
    expect(startLine(await node.next())).toBe('SIP/2.0 200 OK');

    node.send(request({ ...bye, callId: 'stranger' }), fixture.port('internal.udp'));
    expect(startLine(await node.next())).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  it('WS-7: to a connection that is gone: 430, an answer is dropped, and nobody is dialled', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA, extra: [CONTACT] }));
    const invite = await node.next();
    client.close();
    await until('the plane noticed', () => fixture.gauge('sip.connections') === 0);
    const routes = headers(invite, 'Record-Route').map((value) => `Route: ${value}`);
    const via = `UDP 127.0.0.1:${node.port};branch=z9hG4bKn2`;
    const port = fixture.port('external.ws');
    const uri = `sip:alice@127.0.0.1:${port + 1};transport=ws`;
    node.send(request({ method: 'BYE', uri, via, to: '<sip:a@x>;tag=1', extra: routes }), fixture.port('internal.udp'));
    expect(startLine(await node.next())).toBe('SIP/2.0 430 Flow Failed');
    node.send(request({ uri, via, callId: 'new' }), fixture.port('internal.udp'));
    expect(startLine(await node.next())).toBe('SIP/2.0 480 Temporarily Unavailable');
    node.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    await until('the answer was dropped', () => fixture.counter('sip.drops.flow-gone') === 1);
    expect(fixture.gauge('sip.connections')).toBe(0);
  });

  it('WS-8: pings keep a silent connection, and one that answers none is cut', async () => {
    await start({ pingMs: 1000 });
    const client = await connect();
    clock.advance(1000);
    await until('the first ping came', () => client.pings >= 1);
    clock.advance(1000);
    await until('the second ping came', () => client.pings >= 2);
    client.socket.pause();
    clock.advance(1000);
    clock.advance(1000);
    clock.advance(1000);
    await until('it was cut', () => fixture.counter('sip.cuts.silent') === 1);
  });

  it('WS-8: what is no SIP ends with 1002, what is too long with 1009', async () => {
    await start();
    const bad = await connect();
    bad.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.replace('GET', '{}'));
    await until('it was closed', () => bad.closeCode === 1002);
    const long = await connect();
    long.send(request({ via: VIA, body: 'x'.repeat(9000) }));
    await until('it was closed', () => long.closeCode === 1009);
    expect(fixture.counter('sip.cuts.framing')).toBe(1);
  });

  it.each([
    ['a page that is allowed', 'https://phone.example.com', 'token', 101],
    ['the same in capitals', 'HTTPS://Phone.Example.com', 'token', 101],
    ['another page', 'https://evil.example.com', 'token', 403],
    ['no page at all', undefined, 'token', 403],
    ['a page without the header that must be there', 'https://phone.example.com', undefined, 401],
  ])('WS-9: %s', async (_what, origin, authorization, status) => {
    await start({ origins: ['https://phone.example.com/'], requiredHeaders: ['Authorization'] });
    const named = { ...(origin !== undefined && { Origin: origin }) };
    const proven = { ...(authorization !== undefined && { Authorization: `Bearer ${authorization}` }) };
    expect((await handshake(url, ['sip'], { headers: { ...named, ...proven } })).status).toBe(status);
  });

  it('WS-10: outside WebSocket, inside UDP: a pair of Record-Routes, and Contact as it came', async () => {
    await start();
    const client = await connect();
    client.send(request({ via: VIA, extra: [CONTACT] }));
    const invite = await node.next();
    const [inner, outer] = headers(invite, 'Record-Route');
    expect(inner).toContain(`<sip:${fixture.address('internal.udp')};transport=udp;lr;h=`);
    expect(outer).toContain(`@${fixture.address('external.ws')};transport=ws;lr;h=`);
    expect(invite).toContain(`\r\n${CONTACT}\r\n`);
  });

  it('FRM-4: a double CRLF gets its CRLF', async () => {
    await start();
    const client = await connect();
    client.send('\r\n\r\n');
    expect(await client.next()).toBe('\r\n');
    client.send('\r\n');
    client.send(request({ via: VIA }));
    expect(startLine(await node.next())).toMatch(/^INVITE /);
    expect(client.received).toHaveLength(1);
  });

  it('a plain web request is told what this is', async () => {
    await start();
    const answer = await fetch(url.replace('ws:', 'http:'));
    expect(answer.status).toBe(426);
    expect(await answer.text()).toContain('RFC 7118');
  });

  it('a connection that never finishes its handshake is cut', async () => {
    await start();
    const { connect: dial } = await import('node:net');
    const socket = dial({ host: '127.0.0.1', port: fixture.port('external.ws') });
    socket.on('error', () => {});
    await until('it is connected', () => socket.readyState === 'open');
    socket.write('GET / HTTP/1.1\r\n');
    await until('it was cut', () => {
      clock.advance(5000);
      return fixture.counter('sip.cuts.handshake') === 1;
    });
    await until('it is closed', () => socket.destroyed || socket.readyState !== 'open');
    socket.destroy();
  });
});

describe('WebSocket towards nodes', () => {
  it('is dialled once, offers sip, and carries requests and answers both ways', async () => {
    const node = await WsNode.start();
    const fixture = await startPlane([sipNode('app1', { ws: node.port })], {
      config: { external: loopback, internal: loopback },
    });
    const client = await WsAgent.connect(`ws://${fixture.address('external.ws')}/`);
    client.send(request({ via: VIA }));
    const at = await node.connection();
    expect(at.socket.protocol).toBe('sip');
    const invite = await at.next();
    expect(header(invite, 'Via')).toMatch(/^SIP\/2\.0\/WS 127\.0\.0\.1:/);
    at.send(responseTo(invite, '200 OK'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    client.send(request({ via: VIA, callId: 'again' }));
    expect(header(await at.next(), 'Call-ID')).toBe('again');
    expect(node.connections).toHaveLength(1);
    client.close();
    node.close();
    await fixture.close();
  });

  it('a node that does not answer there: 503 to the client', async () => {
    const fixture = await startPlane([sipNode('app1', { ws: 9 })], {
      config: { external: loopback, internal: loopback },
    });
    const client = await WsAgent.connect(`ws://${fixture.address('external.ws')}/`);
    client.send(request({ via: VIA }));
    expect(startLine(await client.next())).toBe('SIP/2.0 503 Service Unavailable');
    expect(fixture.counter('sip.dialFailures')).toBe(1);
    client.close();
    await fixture.close();
  });
});
