import { FakeClock } from '../support/fake-clock';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';

const INVITE = 'z9hG4bKstateless1';

describe('a proxy without transactions (RFC 3261 16.11)', () => {
  const clock = new FakeClock();
  let fixture: SipPlaneFixture;
  let nodes: UdpAgent[];
  let client: UdpAgent;

  beforeEach(async () => {
    nodes = await Promise.all([1, 2, 3].map(() => UdpAgent.start()));
    client = await UdpAgent.start();
    const table = nodes.map(({ port }, i) => sipNode(`app${i}`, { udp: port }));
    fixture = await startPlane(table, { clock, config: { drainMs: 5000 } });
  });

  afterEach(async () => {
    for (const agent of [...nodes, client]) agent.close();
    const closed = fixture.close();
    clock.advance(5000);
    await closed;
  });

  const send = (parts: Parameters<typeof request>[0] = {}): void =>
    client.send(
      request({ via: `UDP 127.0.0.1:${client.port};branch=${INVITE}`, ...parts }),
      fixture.port('external.udp'),
    );
  const ask = (): void => send({ method: 'OPTIONS', uri: `sip:${fixture.address('external.udp')}` });
  const came = (): string[] => nodes.flatMap(({ received }) => received);

  it('STL-1: sends no 1xx of its own, whatever the request', async () => {
    const methods = ['INVITE', 'SUBSCRIBE', 'NOTIFY', 'MESSAGE', 'REFER', 'PUBLISH', 'UPDATE'];
    for (const method of methods) send({ method, callId: method });
    // It answers in order: what comes first is all that came before.
    ask();
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    expect(client.received).toHaveLength(1);
    expect(came()).toHaveLength(methods.length);
  });

  it('STL-9: a request and all its copies go to exactly one node', async () => {
    for (let i = 0; i < 5; i += 1) send();
    ask();
    await client.next();
    expect(nodes.map(({ received }) => received.length).toSorted((a, b) => a - b)).toEqual([0, 0, 5]);
  });

  it('STL-11: CANCEL goes to the node and is not answered by us', async () => {
    send();
    send({ method: 'CANCEL' });
    ask();
    expect(header(await client.next(), 'CSeq')).toBe('1 OPTIONS');
    expect(came().map((text) => startLine(text).split(' ')[0])).toEqual(['INVITE', 'CANCEL']);
  });

  describe('without a node', () => {
    beforeEach(() => fixture.core.setNodes([]));

    it('STL-12: its final answer is the same each time and comes only when asked for', async () => {
      send();
      const first = await client.next();
      send();
      expect(await client.next()).toBe(first);
      clock.advance(64_000);
      ask();
      await client.next();
      expect(client.received).toHaveLength(3);
      expect(header(first, 'To')).toMatch(/;tag=\w+$/);
    });

    it('STL-13: the ACK to it ends here, every other goes on', async () => {
      send();
      const refused = await client.next();
      fixture.core.setNodes([sipNode('app0', { udp: nodes[0]?.port ?? 0 })]);
      send({ method: 'ACK', to: header(refused, 'To') });
      send({ method: 'ACK', to: `${header(refused, 'To')}x`, callId: 'another' });
      ask();
      await client.next();
      expect(came().map((text) => header(text, 'Call-ID'))).toEqual(['another']);
      expect(fixture.counter('sip.drops.own-ack')).toBe(1);
    });

    it('STL-14: copies Via, From, Call-ID and CSeq, and adds a tag to To only when there is none', async () => {
      const via = `UDP 127.0.0.1:${client.port};branch=${INVITE};x="a,b"`;
      const from = '"A. Lice" <sip:alice@example.com>;tag=from1;y';
      const extra = ['Via: SIP/2.0/TCP behind.example.com;branch=z9hG4bKb, SIP/2.0/TLS [2001:db8::1]'];
      send({ via, from, extra });
      const answer = await client.next();
      expect(headers(answer, 'Via')).toEqual([`SIP/2.0/${via}`, (extra[0] ?? '').slice(5)]);
      expect(header(answer, 'From')).toBe(from);
      expect(header(answer, 'Call-ID')).toBe('call1@example.com');
      expect(header(answer, 'CSeq')).toBe('1 INVITE');
      send({ to: '<sip:bob@example.com>;tag=theirs' });
      expect(header(await client.next(), 'To')).toBe('<sip:bob@example.com>;tag=theirs');
    });
  });

  it('OC-4: what a client says about its load goes no further, on the way of plain messages too', async () => {
    const via = `UDP 127.0.0.1:${client.port};oc;oc-algo="loss";branch=${INVITE}`;
    send({ via });
    ask();
    await client.next();
    const said = came().map((text) => headers(text, 'Via')[1]);
    expect(said).toEqual([`SIP/2.0/UDP 127.0.0.1:${client.port};branch=${INVITE}`]);
  });

  it('2.11: while it drains, OPTIONS is answered 503 and calls go on', async () => {
    send();
    const closed = fixture.close();
    ask();
    expect(startLine(await client.next())).toBe('SIP/2.0 503 Service Unavailable');
    const taker = nodes.find(({ received }) => received.length > 0);
    const invite = await (taker ?? client).next();
    taker?.send(responseTo(invite, '200 OK'), fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    clock.advance(5000);
    await closed;
  });
});
