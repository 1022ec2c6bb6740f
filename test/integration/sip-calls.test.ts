import { SipClient, SipServer } from '../support/sip-endpoints';
import { header, headers, request, responseTo, startLine } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { until } from '../support/until';

describe('calls over UDP', () => {
  let fixture: SipPlaneFixture;
  let one: SipServer;
  let two: SipServer;
  let client: SipClient;

  beforeEach(async () => {
    one = await SipServer.start();
    two = await SipServer.start();
    fixture = await startPlane([sipNode('app1', { udp: one.port }), sipNode('app2', { udp: two.port })]);
    client = await SipClient.start(fixture.address('external.udp'));
  });

  afterEach(async () => {
    client.close();
    one.close();
    two.close();
    await fixture.close();
  });

  it.each([true, false])(
    'keep INVITE, ACK and BYE at one node, the client following Record-Route: %s',
    async (followRoute) => {
      for (let i = 0; i < 10; i += 1) {
        const dialog = await client.call({ followRoute });
        if (dialog === undefined) throw new Error('the call was not answered');
        expect(await client.bye(dialog)).toBe(200);
        const at = [one, two].filter((node) => node.calls.has(dialog.callId));
        expect(at).toHaveLength(1);
        expect(at[0]?.calls.get(dialog.callId)).toEqual(['INVITE', 'ACK', 'BYE']);
      }
      expect(one.count('INVITE')).toBe(5);
      expect(two.count('INVITE')).toBe(5);
    },
  );

  it('count live calls per node from 2xx to BYE', async () => {
    const dialog = await client.call();
    if (dialog === undefined) throw new Error('the call was not answered');
    const sessions = (): number => fixture.core.table.nodes.reduce((sum, node) => sum + node.live.activeSessions, 0);
    expect(sessions()).toBe(1);
    expect(fixture.core.counters.snapshotGauges().get('sip.calls')).toBe(1);
    await client.bye(dialog);
    expect(sessions()).toBe(0);
  });
});

describe('a call to one node', () => {
  let fixture: SipPlaneFixture;
  let node: UdpAgent;
  let client: UdpAgent;

  beforeEach(async () => {
    node = await UdpAgent.start();
    client = await UdpAgent.start();
    fixture = await startPlane([sipNode('app1', { udp: node.port })]);
  });

  afterEach(async () => {
    client.close();
    node.close();
    await fixture.close();
  });

  const via = (branch: string): string => `UDP 127.0.0.1:${client.port};branch=${branch};rport`;

  it('gets our Via and a Record-Route pair with hint, and its own headers as they came', async () => {
    const sent = request({ via: via('z9hG4bKa'), extra: ['X-Odd:   kept  as is ', 's: compact'], body: 'v=0\r\n' });
    client.send(sent, fixture.port('external.udp'));
    const got = await node.next();
    expect(startLine(got)).toBe('INVITE sip:bob@example.com SIP/2.0');
    expect(headers(got, 'Via')).toEqual([
      expect.stringMatching(
        new RegExp(`^SIP/2.0/UDP ${fixture.address('internal.udp')};branch=z9hG4bK[a-z2-7]{14};i=[a-z2-7]{6}$`),
      ),
      `SIP/2.0/UDP 127.0.0.1:${client.port};branch=z9hG4bKa;rport=${client.port};received=127.0.0.1`,
    ]);
    expect(headers(got, 'Record-Route')).toEqual([
      expect.stringMatching(new RegExp(`^<sip:${fixture.address('internal.udp')};transport=udp;lr;h=a[a-z2-7]{18}>$`)),
      expect.stringMatching(new RegExp(`^<sip:${fixture.address('external.udp')};transport=udp;lr;h=a[a-z2-7]{18}>$`)),
    ]);
    expect(header(got, 'Max-Forwards')).toBe('69');
    expect(header(got, 'X-Sip-Balancer-InitialRemoteAddr')).toBe('127.0.0.1');
    expect(header(got, 'X-Sip-Balancer-InitialRemotePort')).toBe(String(client.port));
    expect(got).toContain('\r\nX-Odd:   kept  as is \r\ns: compact\r\n');
    expect(got.endsWith('\r\n\r\nv=0\r\n')).toBe(true);
  });

  it('STL-2: a retransmission gives byte-identical output', async () => {
    const sent = request({ via: via('z9hG4bKb') });
    client.send(sent, fixture.port('external.udp'));
    client.send(sent, fixture.port('external.udp'));
    expect(await node.next()).toBe(await node.next());
  });

  it('VIA-11: takes our Via off a response and changes nothing else', async () => {
    client.send(request({ via: via('z9hG4bKc') }), fixture.port('external.udp'));
    const answer = responseTo(await node.next(), '180 Ringing');
    node.send(answer, fixture.port('internal.udp'));
    const lines = answer.split('\r\n');
    expect(await client.next()).toBe(lines.filter((_, index) => index !== 1).join('\r\n'));
  });

  it('STL-3: CANCEL and the ACK to a non-2xx carry the branch of the INVITE', async () => {
    client.send(request({ via: via('z9hG4bKd') }), fixture.port('external.udp'));
    const invite = await node.next();
    client.send(request({ method: 'CANCEL', via: via('z9hG4bKd') }), fixture.port('external.udp'));
    const cancel = await node.next();
    client.send(
      request({ method: 'ACK', via: via('z9hG4bKd'), to: '<sip:bob@example.com>;tag=x' }),
      fixture.port('external.udp'),
    );
    const ack = await node.next();
    expect(header(cancel, 'Via')).toBe(header(invite, 'Via'));
    expect(header(ack, 'Via')).toBe(header(invite, 'Via'));
  });

  it('2.11: answers OPTIONS to our own address with 200', async () => {
    client.send(
      request({ method: 'OPTIONS', uri: `sip:${fixture.address('external.udp')}`, via: via('z9hG4bKe') }),
      fixture.port('external.udp'),
    );
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
  });

  it('answers 503 with Retry-After when no node is there, and absorbs the ACK to it', async () => {
    fixture.core.setNodes([]);
    client.send(request({ via: via('z9hG4bKf') }), fixture.port('external.udp'));
    const answer = await client.next();
    expect(startLine(answer)).toBe('SIP/2.0 503 Service Unavailable');
    expect(header(answer, 'Retry-After')).toBe('5');
    client.send(
      request({ method: 'ACK', via: via('z9hG4bKf'), to: header(answer, 'To') }),
      fixture.port('external.udp'),
    );
    await until('the ACK was absorbed', () => fixture.counter('sip.drops.own-ack') === 1);
  });

  it('answers a SIP heartbeat on the internal leg at once and reports it', async () => {
    const body = 'tcpPort=5070\r\nudpPort=5070\r\nhostname=sipHeartbeat\r\nip=127.0.0.1\r\n';
    const beat = request({
      method: 'OPTIONS',
      uri: `sip:X@${fixture.address('internal.udp')};lr`,
      via: via('z9hG4bKg'),
      extra: ['Mobicents-Heartbeat: 1'],
      body,
    });
    client.send(beat, fixture.port('internal.udp'));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    expect(fixture.core.heartbeats).toEqual([
      {
        sourceHost: '127.0.0.1',
        sourcePort: client.port,
        properties: new Map([
          ['tcpPort', '5070'],
          ['udpPort', '5070'],
          ['hostname', 'sipHeartbeat'],
          ['ip', '127.0.0.1'],
        ]),
      },
    ]);
    client.send(beat.replace('z9hG4bKg', 'z9hG4bKg2'), fixture.port('external.udp'));
    expect(startLine(await node.next())).toContain('OPTIONS');
    expect(fixture.core.heartbeats).toHaveLength(1);
  });
});
