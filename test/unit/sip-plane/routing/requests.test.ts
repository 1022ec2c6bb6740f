import { NodeState, Transport } from '../../../../proto';
import { Reject } from '../../../../sip-plane/message';
import { Action, Drop } from '../../../../sip-plane/routing';
import { NameCache } from '../../../../sip-plane/transport';
import { DeciderFixture } from '../../../support/sip-decider';
import { header, headers, request, responseTo, startLine } from '../../../support/sip-messages';
import { sipNode } from '../../../support/sip-plane-fixture';
import { testNode } from '../../../support/fake-core';
import { Protocol, type Node } from '../../../../proto';

const at = (
  id: string,
  host: string,
  rest: Partial<Node> = {},
  transports: readonly Transport[] = [Transport.UDP, Transport.TCP],
): Node =>
  testNode(
    id,
    transports.map((transport) => ({ protocol: Protocol.SIP, transport, host, port: 5060 })),
    rest,
  );

const app1 = at('app1', '10.0.0.11');
const app2 = at('app2', '10.0.0.12');

const inside = { leg: 'internal', host: '10.0.0.11', port: 5060 } as const;
const via = (branch: string): string => `UDP 192.0.2.1:5060;branch=${branch}`;

const own = (leg: string): string =>
  leg === 'external' ? '<sip:198.51.100.1:5060;transport=udp;lr>' : '<sip:10.0.0.1:5065;transport=udp;lr>';
const invite = (n: number, extra: readonly string[] = []): string =>
  request({ callId: `c${n}`, via: via(`z9hG4bKi${n}`), extra });
const inDialog = (n: number, method: string, extra: readonly string[], branch = 'x'): string =>
  request({
    method,
    callId: `c${n}`,
    via: via(`z9hG4bK${method}${n}${branch}`),
    cseq: `2 ${method}`,
    to: '<sip:b@x>;tag=1',
    extra,
  });

const contact = (id: string): string => `10.0.0.1${id.slice(-1)}`;
const hintedRoute = (leg: string): string => `Route: <sip:lb@${leg};node_host=10.0.0.12;node_port=5060;lr>`;

/** A request with a body and no Content-Length. */
const bare = (branch: string): string => `${request({ via: via(branch) }).replace('Content-Length: 0\r\n', '')}abc`;

/** The Route lines with which a client follows the Record-Route of a forwarded request. */
function routesBack(forwarded: string): string[] {
  return headers(forwarded, 'Record-Route')
    .toReversed()
    .map((value) => `Route: ${value}`);
}

describe('validation', () => {
  const plane = new DeciderFixture([app1]);

  it.each([
    ['VAL-7: Max-Forwards 0', request({ maxForwards: '0' }), Reject.MAX_FORWARDS],
    ['VAL-8: Max-Forwards 0 in OPTIONS', request({ method: 'OPTIONS', maxForwards: '0' }), Reject.MAX_FORWARDS],
    ['VAL-12: Proxy-Require', request({ extra: ['Proxy-Require: nothingSupportsThis'] }), Reject.PROXY_REQUIRE],
    ['VAL-3: a Route that cannot be read', request({ extra: ['Route: <sip:x'] }), Reject.ROUTE],
    ['VAL-4: an unknown scheme', request({ uri: 'soap.beep://192.0.2.103:3002' }), Reject.SCHEME],
  ])('%s is refused', (_, text, reject) => {
    const decision = plane.decide(text);
    expect(decision.action).toBe(Action.REJECT);
    expect(decision.reject).toBe(reject);
  });

  it.each([
    ['VAL-5: adds Max-Forwards 70 when there is none', '', '70'],
    ['VAL-6: takes one off Max-Forwards', '70', '69'],
    ['VAL-6: passes 1 as 0', '1', '0'],
    ['VAL-9: treats a value above 255 as absent', '256', '70'],
    ['VAL-9: treats a value that is no number as absent', 'x', '70'],
    ['VAL-6: reads leading zeros', '0068', '67'],
  ])('%s', (_, maxForwards, expected) => {
    expect(headers(plane.forward(request({ maxForwards })), 'Max-Forwards')).toEqual([expected]);
  });

  it('VAL-12: never looks at Require', () => {
    expect(plane.decide(request({ extra: ['Require: 100rel'] })).action).toBe(Action.FORWARD);
  });

  it('VAL-10, VAL-11: knows a loop from a spiral', () => {
    const once = plane.forward(request());
    expect(plane.decide(once).reject).toBe(Reject.LOOP);
    expect(plane.decide(once.replace('sip:bob@example.com SIP', 'sip:carol@example.com SIP')).action).toBe(
      Action.FORWARD,
    );
    expect(plane.decide(once, inside).reject).not.toBe(Reject.LOOP);
  });

  it('VAL-16: forwards merged requests', () => {
    expect(plane.decide(request({ via: via('z9hG4bKm1') })).action).toBe(Action.FORWARD);
    expect(plane.decide(request({ via: via('z9hG4bKm2') })).action).toBe(Action.FORWARD);
  });

  it('never answers an ACK', () => {
    const decision = plane.decide(request({ method: 'ACK', maxForwards: '0' }));
    expect(decision.action).toBe(Action.DROP);
    expect(decision.drop).toBe(Drop.ACK);
  });

  it('RT-15: passes Max-Breadth as it came', () => {
    expect(plane.forward(request({ extra: ['Max-Breadth: 60'] }))).toContain('\r\nMax-Breadth: 60\r\n');
  });
});

describe('Via', () => {
  const plane = new DeciderFixture([app1]);
  const topOf = (text: string, from = {}): string => headers(plane.forward(text, from), 'Via')[1] ?? '';

  it.each([
    [
      'VIA-1: adds received when the source differs',
      'UDP client.example.com;branch=z9hG4bK1',
      'SIP/2.0/UDP client.example.com;branch=z9hG4bK1;received=192.0.2.1',
    ],
    [
      'VIA-1: leaves a Via alone whose host is the source',
      'UDP 192.0.2.1:5060;branch=z9hG4bK1',
      'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
    ],
    [
      'VIA-2: fills rport and always adds received then',
      'UDP 192.0.2.1;rport;branch=z9hG4bK1',
      'SIP/2.0/UDP 192.0.2.1;rport=7777;branch=z9hG4bK1;received=192.0.2.1',
    ],
    [
      'VIA-1: replaces a received that the sender wrote itself',
      'UDP h;received=203.0.113.9;branch=z9hG4bK1',
      'SIP/2.0/UDP h;received=192.0.2.1;branch=z9hG4bK1',
    ],
    [
      'VIA-2: replaces an rport that the sender wrote itself',
      'UDP 192.0.2.1;branch=z9hG4bK1;rport=9',
      'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport=7777;received=192.0.2.1',
    ],
    [
      'RFC 5118 4.5: writes an IPv6 received without brackets',
      'UDP [2001:db8::9]:5060;branch=z9hG4bK1',
      'SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1;received=2001:db8::1',
      '2001:db8::1',
    ],
  ])('%s', (_, value, expected, host = '192.0.2.1') => {
    expect(topOf(request({ via: value }), { host, port: 7777 })).toBe(expected);
  });

  it('keeps values of one line and of many lines in order', () => {
    const text = request({ via: 'UDP 192.0.2.1;branch=z9hG4bK1 , SIP/2.0/TCP a', extra: ['v: SIP/2.0/SCTP b'] });
    const got = plane.forward(text);
    expect(headers(got, 'Via')[1]).toBe('SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1 , SIP/2.0/TCP a');
    expect(headers(got, 'v')).toEqual(['SIP/2.0/SCTP b']);
  });

  it('VIA-4: names the leg, the transport used and the port', () => {
    expect(header(plane.forward(request()), 'Via')).toMatch(/^SIP\/2\.0\/UDP 10\.0\.0\.1:5065;branch=z9hG4bK/);
    expect(
      header(plane.forward(request({ via: 'TCP 192.0.2.1;branch=z9hG4bKt' }), { transport: Transport.TCP }), 'Via'),
    ).toMatch(/^SIP\/2\.0\/TCP 10\.0\.0\.1:5065;/);
    const out = request({ uri: 'sip:bob@203.0.113.5', via: 'UDP 10.0.0.11:5060;branch=z9hG4bKn' });
    expect(header(plane.forward(out, inside), 'Via')).toMatch(/^SIP\/2\.0\/UDP 198\.51\.100\.1:5060;/);
  });

  it('VIA-14: takes TCP for what would be too long for UDP, and keeps CANCEL with it', () => {
    expect(plane.decide(request({ via: via('z9hG4bKbig'), body: 'x'.repeat(1000) })).exit?.transport).toBe(
      Transport.TCP,
    );
    expect(plane.decide(request({ method: 'CANCEL', via: via('z9hG4bKbig') })).exit?.transport).toBe(Transport.TCP);
    const udpOnly = new DeciderFixture([at('udp', '10.0.0.13', {}, [Transport.UDP])]);
    expect(udpOnly.decide(request({ body: 'x'.repeat(1000) })).exit?.transport).toBe(Transport.UDP);
  });

  it('FRM-8: adds Content-Length when it is missing and a stream follows', () => {
    expect(headers(plane.forward(bare('z9hG4bKf1'), { transport: Transport.TCP }), 'Content-Length')).toEqual(['3']);
    expect(headers(plane.forward(bare('z9hG4bKf2')), 'Content-Length')).toEqual([]);
  });
});

describe('Route', () => {
  const plane = new DeciderFixture([app1, app2]);

  it.each([
    ['RT-1: one own value', ['Route: <sip:198.51.100.1;lr>'], []],
    ['RT-1: both own values in one step', [`Route: ${own('external')}`, `Route: ${own('internal')}`], []],
    ['RT-13: both in one line', [`Route: ${own('external')}, ${own('internal')}`], []],
    [
      'RT-1: the foreign rest stays',
      [`Route: ${own('external')}, <sip:10.0.0.11:5060;lr>`],
      ['<sip:10.0.0.11:5060;lr>'],
    ],
    [
      'RT-13: over several lines',
      [`Route: ${own('external')} ,  ${own('internal')},<sip:10.0.0.11;lr>`, 'Route: <sip:c;lr>'],
      ['<sip:10.0.0.11;lr>', '<sip:c;lr>'],
    ],
    [
      'an own value behind a foreign one stays',
      ['Route: <sip:10.0.0.11;lr>', `Route: ${own('external')}`],
      ['<sip:10.0.0.11;lr>', own('external')],
    ],
  ])('%s', (_, extra, rest) => {
    plane.core.setNodes([app1]);
    expect(headers(plane.forward(request({ extra })), 'Route')).toEqual(rest);
    plane.core.setNodes([app1, app2]);
  });

  it('RT-6: sends to the node and leaves a Request-URI alone that is not ours', () => {
    const got = plane.forward(request({ uri: 'sip:bob@example.com:5070;x=y' }));
    expect(startLine(got)).toBe('INVITE sip:bob@example.com:5070;x=y SIP/2.0');
    expect(headers(got, 'Route')).toEqual([]);
  });

  it('RT-6: writes the node into a Request-URI that is our own address, and only there', () => {
    const got = plane.forward(request({ uri: 'sip:service@198.51.100.1:5060;user=phone', callId: 'own1' }));
    expect(startLine(got)).toMatch(/^INVITE sip:service@10\.0\.0\.1[12]:5060;user=phone SIP\/2\.0$/);
    expect(header(got, 'To')).toBe('<sip:bob@example.com>');
  });

  it('pushes the node over a foreign Route', () => {
    plane.core.setNodes([app1]);
    const got = plane.forward(request({ extra: ['Route: <sip:services.example.com;lr>'] }));
    expect(headers(got, 'Route')).toEqual(['<sip:10.0.0.11:5060;lr>', '<sip:services.example.com;lr>']);
    plane.core.setNodes([app1, app2]);
  });

  it('RT-2: puts the last Route value back into the Request-URI after a strict router', () => {
    const text = request({
      method: 'BYE',
      uri: 'sip:198.51.100.1:5060;transport=udp;lr',
      to: '<sip:b@x>;tag=1',
      extra: ['Route: <sip:p1.example.com;lr>', 'Route: <sip:bob@10.0.0.12:5060>'],
    });
    const got = plane.forward(text);
    expect(startLine(got)).toBe('BYE sip:bob@10.0.0.12:5060 SIP/2.0');
    expect(headers(got, 'Route').slice(-1)).toEqual(['<sip:p1.example.com;lr>']);
  });

  it('RT-2: when the last value shares its line or is the only one', () => {
    const uri = 'sip:198.51.100.1:5060;transport=udp;lr';
    const shared = plane.forward(
      request({ method: 'BYE', uri, extra: ['Route: <sip:p1.example.com;lr>, <sip:bob@10.0.0.12:5060>'] }),
    );
    expect(headers(shared, 'Route').slice(-1)).toEqual(['<sip:p1.example.com;lr>']);
    const only = plane.forward(request({ method: 'BYE', uri, extra: ['Route: <sip:bob@10.0.0.12:5060>'] }));
    expect(startLine(only)).toBe('BYE sip:bob@10.0.0.12:5060 SIP/2.0');
    expect(headers(only, 'Route')).toEqual([]);
  });

  it('RT-4: makes a strict next hop the Request-URI and appends ours to Route', () => {
    const text = request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5>, <sip:203.0.113.6;lr>'] });
    const got = plane.forward(text, inside);
    expect(startLine(got)).toBe('INVITE sip:203.0.113.5 SIP/2.0');
    expect(headers(got, 'Route')).toEqual(['<sip:203.0.113.6;lr>', '<sip:bob@203.0.113.7>']);
    const single = plane.forward(request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5>'] }), inside);
    expect(headers(single, 'Route')).toEqual(['<sip:bob@203.0.113.7>']);
  });

  it("RT-5: sends a node's request to its first Route, else to its Request-URI", () => {
    expect(plane.decide(request({ uri: 'sip:bob@203.0.113.7' }), inside).target?.host).toBe('203.0.113.7');
    expect(
      plane.decide(request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5:5090;lr>'] }), inside).target
        ?.host,
    ).toBe('203.0.113.5');
    expect(
      plane.decide(request({ uri: 'sip:bob@203.0.113.7', extra: [`Route: ${own('internal')}`] }), inside).target?.host,
    ).toBe('203.0.113.7');
  });

  it.each([
    ['INVITE', true],
    ['SUBSCRIBE', true],
    ['REFER', true],
    ['NOTIFY', true],
    ['NEWMETHOD', true],
    ['REGISTER', false],
    ['MESSAGE', false],
    ['OPTIONS', false],
    ['BYE', false],
    ['CANCEL', false],
  ])('RT-7: Record-Route on %s: %s', (method, expected) => {
    expect(headers(plane.forward(request({ method })), 'Record-Route').length > 0).toBe(expected);
    expect(headers(plane.forward(request({ method, to: '<sip:b@x>;tag=2' })), 'Record-Route').length > 0).toBe(
      expected,
    );
  });

  it('RT-8: a pair with lr, the downstream one on top, before those of others', () => {
    const got = plane.forward(request({ extra: ['Record-Route: <sip:other;lr>'] }));
    expect(headers(got, 'Record-Route')).toEqual([
      expect.stringMatching(/^<sip:10\.0\.0\.1:5065;transport=udp;lr;h=\w{19}>$/),
      expect.stringMatching(/^<sip:198\.51\.100\.1:5060;transport=udp;lr;h=\w{19}>$/),
      '<sip:other;lr>',
    ]);
    const out = plane.forward(request({ uri: 'sip:bob@203.0.113.7' }), inside);
    expect(headers(out, 'Record-Route')).toEqual([
      expect.stringMatching(/^<sip:198\.51\.100\.1:5060;transport=udp;lr;h=\w{19}>$/),
      expect.stringMatching(/^<sip:10\.0\.0\.1:5065;transport=udp;lr;h=\w{19}>$/),
    ]);
  });

  it("RT-8: names each leg's own transport", () => {
    const udpOnly = new DeciderFixture([at('udp', '10.0.0.13', {}, [Transport.UDP])]);
    const got = udpOnly.forward(request(), { transport: Transport.TCP });
    expect(headers(got, 'Record-Route').map((value) => /transport=(\w+)/.exec(value)?.[1])).toEqual(['udp', 'tcp']);
  });

  it('OC-8: from outside nothing goes anywhere but to pool members', () => {
    for (const extra of [[], ['Route: <sip:203.0.113.9;lr>']]) {
      const decision = plane.decide(request({ uri: 'sip:victim@203.0.113.9', extra }));
      expect(['10.0.0.11', '10.0.0.12']).toContain(decision.target?.host);
    }
  });

  it("sends a node's request to our own address to a node, not in circles", () => {
    const decision = plane.decide(request({ uri: 'sip:1001@198.51.100.1:5060' }), inside);
    expect(decision.towardNode).toBe(true);
    expect(startLine(plane.forward(request({ uri: 'sip:1001@198.51.100.1:5060' }), inside))).toMatch(
      /sip:1001@10\.0\.0\.1[12]:5060/,
    );
  });

  it.each([
    ['VIA-10: broadcast', 'sip:x@255.255.255.255'],
    ['VIA-10: multicast', 'sip:x@224.0.1.75'],
    ['VIA-10: the unspecified address', 'sip:x@0.0.0.0'],
    ['a tel URI without Route', 'tel:+123'],
    ['sips without a TLS listener', 'sips:x@203.0.113.1'],
  ])("refuses to send a node's request to %s", (_, uri) => {
    expect(plane.decide(request({ uri }), inside).action).toBe(Action.REJECT);
  });
});

describe('origin headers', () => {
  const plane = new DeciderFixture([app1]);
  const forged = ['X-Sip-Balancer-InitialRemoteAddr: 6.6.6.6', 'x-sip-balancer-initialremoteport: 6'];

  it.each([
    ['REGISTER', '', true],
    ['INVITE', 'v=0', true],
    ['MESSAGE', 'hi', true],
    ['OPTIONS', '', false],
  ])('guides 1.9: on %s with body %j: %s', (method, body, expected) => {
    const got = plane.forward(request({ method, body, extra: forged }), { host: '192.0.2.77', port: 4444 });
    expect(headers(got, 'X-Sip-Balancer-InitialRemoteAddr')).toEqual(expected ? ['192.0.2.77'] : []);
    expect(headers(got, 'X-Sip-Balancer-InitialRemotePort')).toEqual(expected ? ['4444'] : []);
    expect(headers(got, 'x-sip-balancer-initialremoteport')).toHaveLength(expected ? 1 : 0);
  });

  it('OC-7: copies do not leave the cluster either', () => {
    const got = plane.forward(request({ uri: 'sip:b@203.0.113.7', body: 'x', extra: forged }), inside);
    expect(got).not.toMatch(/X-Sip-Balancer/i);
  });
});

describe('affinity', () => {
  const nodes = [app1, app2, at('app3', '10.0.0.13')];
  let plane: DeciderFixture;

  beforeEach(() => {
    plane = new DeciderFixture(nodes);
  });

  it('follows the hint in our Record-Route, whatever else has changed', () => {
    for (let n = 0; n < 30; n += 1) {
      const forwarded = plane.forward(invite(n));
      const chosen = plane.requests.decision.node?.id;
      const elsewhere = new DeciderFixture(nodes);
      expect(elsewhere.nodeOf(inDialog(n, 'BYE', routesBack(forwarded)))).toBe(chosen);
    }
  });

  it("takes the call's node when the client lost its Route", () => {
    for (let n = 0; n < 30; n += 1) {
      const chosen = plane.nodeOf(invite(n));
      expect(plane.nodeOf(inDialog(n, 'ACK', []))).toBe(chosen);
      expect(plane.nodeOf(inDialog(n, 'BYE', []))).toBe(chosen);
    }
  });

  it('OC-7: a forged hint counts as none', () => {
    const forwarded = plane.forward(invite(1));
    const chosen = plane.requests.decision.node?.id;
    const forged = routesBack(forwarded).map((line) => line.replace(/h=a(\w{8})\w{10}/, 'h=a$1aaaaaaaaaa'));
    expect(plane.nodeOf(inDialog(1, 'BYE', forged))).toBe(chosen);
    const other = new DeciderFixture([]);
    other.core.setNodes([at('only', '10.0.0.99')]);
    expect(other.nodeOf(inDialog(2, 'BYE', forged))).toBe('only');
  });

  it('STL-10: a transaction keeps its node for 32 s while nodes come and go', () => {
    const chosen = Array.from({ length: 20 }, (_, n) => plane.nodeOf(invite(n)));
    plane.core.setNodes([
      ...nodes,
      ...Array.from({ length: 5 }, (_, i) => at(`new${i}`, `10.0.1.${i}`, { weight: 1000 })),
    ]);
    plane.clock.advance(31_000);
    for (let n = 0; n < 20; n += 1) {
      expect(plane.nodeOf(invite(n))).toBe(chosen[n]);
      expect(plane.nodeOf(request({ method: 'CANCEL', callId: `c${n}`, via: via(`z9hG4bKi${n}`) }))).toBe(chosen[n]);
      expect(
        plane.nodeOf(request({ method: 'ACK', callId: `c${n}`, via: via(`z9hG4bKi${n}`), to: '<sip:b@x>;tag=9' })),
      ).toBe(chosen[n]);
    }
  });

  it('a late CANCEL of a ringing call still finds its node by Call-ID', () => {
    const chosen = plane.nodeOf(invite(1));
    plane.clock.advance(120_000);
    expect(plane.nodeOf(request({ method: 'CANCEL', callId: 'c1', via: via('z9hG4bKi1') }))).toBe(chosen);
  });

  it("a dead node's calls go to the same stand-in at every instance, as does a removed one's", () => {
    const twin = new DeciderFixture(nodes);
    for (let n = 0; n < 20; n += 1) {
      const back = routesBack(plane.forward(invite(n)));
      const dead = plane.requests.decision.node?.id ?? '';
      const left = nodes.filter(({ nodeId }) => nodeId !== dead);
      for (const one of [plane, twin]) one.core.setNodes(left);
      const standIn = plane.nodeOf(inDialog(n, 'BYE', back));
      expect(standIn).not.toBe(dead);
      expect(twin.nodeOf(inDialog(n, 'BYE', back))).toBe(standIn);
      for (const one of [plane, twin])
        one.core.setNodes([
          ...left,
          { ...(nodes.find(({ nodeId }) => nodeId === dead) as Node), state: NodeState.SUSPECT },
        ]);
      expect(twin.nodeOf(inDialog(n, 'INFO', back))).toBe(standIn);
      for (const one of [plane, twin]) one.core.setNodes(nodes);
    }
  });

  it('a call that moved stays at its stand-in when the dead node is back', () => {
    const back = routesBack(plane.forward(invite(1)));
    const dead = plane.requests.decision.node?.id ?? '';
    plane.core.setNodes(nodes.filter(({ nodeId }) => nodeId !== dead));
    const standIn = plane.nodeOf(inDialog(1, 'INFO', back));
    plane.core.setNodes(nodes);
    expect(plane.nodeOf(inDialog(1, 'BYE', back))).toBe(standIn);
  });

  it('pushes a Route for the stand-in and replaces one that names the dead node', () => {
    const back = routesBack(plane.forward(invite(1)));
    const dead = plane.requests.decision.node?.id ?? '';
    plane.core.setNodes(nodes.filter(({ nodeId }) => nodeId !== dead));
    const bye = plane.forward(
      inDialog(1, 'BYE', back).replace('sip:bob@example.com SIP', `sip:node@${contact(dead)}:5060 SIP`),
    );
    const standIn = plane.requests.decision.target?.host;
    expect(startLine(bye)).toBe(`BYE sip:node@${contact(dead)}:5060 SIP/2.0`);
    expect(headers(bye, 'Route')).toEqual([`<sip:${standIn}:5060;lr>`]);
    const proxied = plane.forward(inDialog(1, 'INFO', [...back, `Route: <sip:${contact(dead)}:5060;lr>`]));
    expect(headers(proxied, 'Route')).toEqual([`<sip:${standIn}:5060;lr>`]);
  });

  it('STL-4: another node means another branch', () => {
    const first = header(plane.forward(invite(1)), 'Via');
    const dead = plane.requests.decision.node?.id ?? '';
    plane.core.setNodes(nodes.filter(({ nodeId }) => nodeId !== dead));
    expect(header(plane.forward(invite(1)), 'Via')).not.toBe(first);
  });

  it('a draining node keeps its calls and gets no new ones', () => {
    const back = routesBack(plane.forward(invite(1)));
    const chosen = plane.requests.decision.node?.id ?? '';
    plane.core.setNodes(nodes.map((node) => (node.nodeId === chosen ? { ...node, state: NodeState.DRAINING } : node)));
    expect(plane.nodeOf(inDialog(1, 'INFO', back))).toBe(chosen);
    for (let n = 2; n < 20; n += 1) expect(plane.nodeOf(invite(n))).not.toBe(chosen);
  });

  it.each([
    'Replaces: c1;to-tag=1;from-tag=2',
    'Join: c1;to-tag=1;from-tag=2',
    'Target-Dialog: c1;local-tag=1;remote-tag=2',
  ])('an INVITE with %s reaches the node of that call', (line) => {
    const chosen = plane.nodeOf(invite(1));
    for (let n = 2; n < 12; n += 1) expect(plane.nodeOf(invite(n, [line]))).toBe(chosen);
  });

  it('guides 1.5: a request addressed to a live node goes there, to a dead one through the algorithm', () => {
    for (let n = 1; n < 10; n += 1) {
      expect(plane.nodeOf(invite(n).replace('sip:bob@example.com', 'sip:bob@10.0.0.12'))).toBe('app2');
      expect(plane.nodeOf(invite(n + 50, ['Route: <sip:10.0.0.13:5060;lr>']))).toBe('app3');
    }
    plane.core.setNodes([app1]);
    expect(plane.nodeOf(invite(99).replace('sip:bob@example.com', 'sip:bob@10.0.0.12'))).toBe('app1');
  });

  it('a call that a node began comes back to that node from outside', () => {
    for (const [host, id] of [
      ['10.0.0.11', 'app1'],
      ['10.0.0.12', 'app2'],
    ] as const) {
      const from = { leg: 'internal', host, port: 5060 } as const;
      const text = request({
        callId: `out-${id}`,
        uri: 'sip:bob@203.0.113.7',
        via: `UDP ${host}:5060;branch=z9hG4bKo${id}`,
      });
      const forwarded = plane.forward(text, from);
      const bye = request({
        method: 'BYE',
        callId: `out-${id}`,
        uri: `sip:node@${host}:5060`,
        via: via(`z9hG4bKob${id}`),
        to: '<sip:b@x>;tag=1',
        extra: headers(forwarded, 'Record-Route').map((value) => `Route: ${value}`),
      });
      expect(plane.nodeOf(bye)).toBe(id);
      const lost = request({ method: 'INFO', callId: `out-${id}`, via: via(`z9hG4bKoi${id}`), to: '<sip:b@x>;tag=1' });
      expect(plane.nodeOf(lost)).toBe(id);
    }
  });

  it('guides 1.10: node_host and node_port in Route name the node, from inside only', () => {
    const decision = plane.decide(request({ uri: 'sip:bob@203.0.113.7', extra: [hintedRoute('10.0.0.1:5065')] }), {
      leg: 'internal',
      host: '10.0.0.55',
      port: 9999,
    });
    expect(decision.node?.id).toBe('app2');
    const outside = Array.from({ length: 9 }, (_, n) => plane.nodeOf(invite(n, [hintedRoute('198.51.100.1:5060')])));
    expect(new Set(outside).size).toBe(3);
  });

  it.each([
    ['To', '<sip:conf7@x>', '<sip:a@x>;tag=1'],
    ['From', '<sip:b@x>', '<sip:conf7@x>;tag=1'],
  ])('affinityKey %s: all calls of one user meet on one node', (affinityHeader, to, from) => {
    const sticky = new DeciderFixture(nodes, { affinityHeader });
    sticky.core.setAlgorithm('header-hash');
    const got = Array.from({ length: 20 }, (_, n) =>
      sticky.nodeOf(request({ to, from, callId: `u${n}`, via: via(`z9hG4bKu${n}`) })),
    );
    expect(new Set(got).size).toBe(1);
  });

  it('user-affinity keeps a number at one node, whether dialled as sip or tel, and obeys number rules', () => {
    const sticky = new DeciderFixture(nodes, { affinityHeader: 'To' });
    sticky.core.setAlgorithm('user-affinity', { numberRules: String.raw`^\+49 => app2` });
    const call = (n: number, to: string): string | undefined =>
      sticky.nodeOf(request({ to, callId: `n${n}`, via: via(`z9hG4bKn${n}`) }));
    const dialled = ['<sip:+15551234@a>', '<tel:+1-555-1234;phone-context=x>', '<sip:+15551234@b>', '<tel:+15551234>'];
    expect(new Set(dialled.map((to, n) => call(n, to))).size).toBe(1);
    expect(Array.from({ length: 9 }, (_, n) => call(n + 10, `<sip:+49${n}@a>`))).toEqual(Array(9).fill('app2'));
  });

  it('answers nothing can be done without a node', () => {
    plane.core.setNodes([]);
    const decision = plane.decide(invite(1));
    expect(decision.reject).toBe(Reject.NO_NODE);
    expect(plane.decide(inDialog(1, 'ACK', [])).drop).toBe(Drop.ACK);
  });
});

describe('responses', () => {
  let plane: DeciderFixture;
  beforeEach(() => {
    plane = new DeciderFixture([app1]);
  });

  const forwarded = (viaValue: string, host = '192.0.2.1', port = 5060): string =>
    plane.forward(request({ via: viaValue }), { host, port });

  it.each([
    ['VIA-8: received and rport', 'UDP client.example.com;branch=z9hG4bK1;rport', '192.0.2.1', 7777, '192.0.2.1', 7777],
    [
      'VIA-8: received and the port of sent-by',
      'UDP client.example.com:5099;branch=z9hG4bK1',
      '192.0.2.1',
      7777,
      '192.0.2.1',
      5099,
    ],
    ['VIA-8: received and 5060', 'UDP client.example.com;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.1', 5060],
    ['VIA-8: sent-by', 'UDP 192.0.2.1:5070;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.1', 5070],
    ['VIA-8: maddr', 'UDP 192.0.2.1:5070;maddr=192.0.2.9;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.9', 5070],
  ])('%s', (_, value, host, port, targetHost, targetPort) => {
    expect(plane.respond(responseTo(forwarded(value, host, port), '200 OK'))).toBe(Drop.NONE);
    expect(plane.responses.target?.host).toBe(targetHost);
    expect(plane.responses.target?.port).toBe(targetPort);
    expect(plane.responses.exit?.index).toBe(0);
  });

  it('VIA-9: leave by the listener that the request came to', () => {
    const out = plane.forward(request({ uri: 'sip:b@203.0.113.7', via: 'UDP 10.0.0.11;branch=z9hG4bKn' }), inside);
    expect(plane.respond(responseTo(out, '200 OK'))).toBe(Drop.NONE);
    expect(plane.responses.exit?.index).toBe(2);
  });

  it('VIA-5: a response whose top Via is not ours is dropped', () => {
    expect(
      plane.respond(
        responseTo(
          request({ via: 'UDP 203.0.113.1;branch=z9hG4bK1', extra: ['Via: SIP/2.0/UDP 192.0.2.5'] }),
          '200 OK',
        ),
      ),
    ).toBe(Drop.FOREIGN_RESPONSE);
    expect(
      plane.respond(
        responseTo(
          request({ via: 'UDP 10.0.0.1:5065;branch=z9hG4bKnotours', extra: ['Via: SIP/2.0/UDP 192.0.2.5'] }),
          '200 OK',
        ),
      ),
    ).toBe(Drop.FOREIGN_RESPONSE);
  });

  it('VIA-6: a response with only our Via is dropped', () => {
    const text = forwarded('UDP 192.0.2.1;branch=z9hG4bK1').replace(/Via: SIP\/2\.0\/UDP 192[^\r]*\r\n/, '');
    expect(plane.respond(responseTo(text, '200 OK'))).toBe(Drop.NO_NEXT_VIA);
  });

  it.each(['255.255.255.255', '0.0.0.0', '224.0.1.75'])('VIA-10: nothing is sent to %s', (host) => {
    const text = forwarded('UDP 192.0.2.1;branch=z9hG4bK1').replace('UDP 192.0.2.1;', `UDP ${host};`);
    expect(plane.respond(responseTo(text, '200 OK'))).toBe(Drop.UNSENDABLE);
  });

  it('VIA-11, RT-13: only our Via goes, in a line of its own or before a comma', () => {
    const answer = responseTo(forwarded('UDP 192.0.2.1;branch=z9hG4bK1'), '200 OK');
    plane.respond(answer);
    const expected = answer
      .split('\r\n')
      .filter((_, index) => index !== 1)
      .join('\r\n');
    expect(plane.response()).toBe(expected);
    const theirs = headers(answer, 'Via')[1] ?? '';
    const joined = answer.replace(`Via: ${theirs}\r\n`, '').replace(/(Via: [^\r]*)\r/, `$1 ,\r\n ${theirs}\r`);
    expect(plane.respond(joined)).toBe(Drop.NONE);
    expect(headers(plane.response(), 'Via')).toEqual([theirs]);
  });

  it('VIA-12: an unparsable response is dropped', () => {
    expect(
      plane.respond(
        responseTo(forwarded('UDP 192.0.2.1;branch=z9hG4bK1'), '200 OK').replace('CSeq: 1', 'CSeq: 99999999999'),
      ),
    ).toBe(Drop.BAD_RESPONSE);
  });
});

describe('host names in requests of nodes', () => {
  it('LOC-3: are looked up beside the packet path, and refused when there is no address', async () => {
    const answers = new Map([['good.example.com', '203.0.113.50']]);
    const names = new NameCache(new DeciderFixture([]).clock, async (name) => {
      const address = answers.get(name);
      if (address === undefined) throw new Error('no such name');
      return address;
    });
    const plane = new DeciderFixture([app1], { names });
    const out = request({ uri: 'sip:bob@Good.example.com:5090' });
    expect(plane.decide(out, inside).action).toBe(Action.RESOLVE);
    await new Promise<void>((resolve) => {
      names.whenKnown('good.example.com', resolve);
    });
    expect(plane.decide(out, inside).target?.host).toBe('203.0.113.50');
    await new Promise<void>((resolve) => {
      names.whenKnown('bad.example.com', resolve);
    });
    expect(plane.decide(request({ uri: 'sip:bob@bad.example.com' }), inside).reject).toBe(Reject.DESTINATION);
  });
});

it('a node that only this table knows by port is found by its own port', () => {
  const plane = new DeciderFixture([sipNode('here', { udp: 7001 })]);
  expect(plane.decide(request()).target?.port).toBe(7001);
});
