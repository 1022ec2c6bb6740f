import { NodeState, type Node } from '../../../../proto';
import { Reject } from '../../../../sip-plane/message';
import { Drop } from '../../../../sip-plane/routing';
import { app1, app2, clientVia, nodeAt } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { header, headers, request, startLine } from '../../../support/sip-messages';
import { sipNode } from '../../../support/sip-plane-fixture';

const invite = (n: number, extra: readonly string[] = []): string =>
  request({ callId: `c${n}`, via: clientVia(`z9hG4bKi${n}`), extra });
const inDialog = (n: number, method: string, extra: readonly string[], branch = 'x'): string =>
  request({
    method,
    callId: `c${n}`,
    via: clientVia(`z9hG4bK${method}${n}${branch}`),
    cseq: `2 ${method}`,
    to: '<sip:b@x>;tag=1',
    extra,
  });

const contact = (id: string): string => `10.0.0.1${id.slice(-1)}`;
const hintedRoute = (leg: string): string => `Route: <sip:lb@${leg};node_host=10.0.0.12;node_port=5060;lr>`;

/** The Route lines with which a client follows the Record-Route of a forwarded request. */
function routesBack(forwarded: string): string[] {
  return headers(forwarded, 'Record-Route')
    .toReversed()
    .map((value) => `Route: ${value}`);
}

describe('affinity', () => {
  const nodes = [app1, app2, nodeAt('app3', '10.0.0.13')];
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
    other.core.setNodes([nodeAt('only', '10.0.0.99')]);
    expect(other.nodeOf(inDialog(2, 'BYE', forged))).toBe('only');
  });

  it('STL-10: a transaction keeps its node for 32 s while nodes come and go', () => {
    const chosen = Array.from({ length: 20 }, (_, n) => plane.nodeOf(invite(n)));
    plane.core.setNodes([
      ...nodes,
      ...Array.from({ length: 5 }, (_, i) => nodeAt(`new${i}`, `10.0.1.${i}`, { weight: 1000 })),
    ]);
    plane.clock.advance(31_000);
    for (let n = 0; n < 20; n += 1) {
      expect(plane.nodeOf(invite(n))).toBe(chosen[n]);
      expect(plane.nodeOf(request({ method: 'CANCEL', callId: `c${n}`, via: clientVia(`z9hG4bKi${n}`) }))).toBe(
        chosen[n],
      );
      expect(
        plane.nodeOf(
          request({ method: 'ACK', callId: `c${n}`, via: clientVia(`z9hG4bKi${n}`), to: '<sip:b@x>;tag=9' }),
        ),
      ).toBe(chosen[n]);
    }
  });

  it('a late CANCEL of a ringing call still finds its node by Call-ID', () => {
    const chosen = plane.nodeOf(invite(1));
    plane.clock.advance(120_000);
    expect(plane.nodeOf(request({ method: 'CANCEL', callId: 'c1', via: clientVia('z9hG4bKi1') }))).toBe(chosen);
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
        via: clientVia(`z9hG4bKob${id}`),
        to: '<sip:b@x>;tag=1',
        extra: headers(forwarded, 'Record-Route').map((value) => `Route: ${value}`),
      });
      expect(plane.nodeOf(bye)).toBe(id);
      const lost = request({
        method: 'INFO',
        callId: `out-${id}`,
        via: clientVia(`z9hG4bKoi${id}`),
        to: '<sip:b@x>;tag=1',
      });
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
      sticky.nodeOf(request({ to, from, callId: `u${n}`, via: clientVia(`z9hG4bKu${n}`) })),
    );
    expect(new Set(got).size).toBe(1);
  });

  it('user-affinity keeps a number at one node, whether dialled as sip or tel, and obeys number rules', () => {
    const sticky = new DeciderFixture(nodes, { affinityHeader: 'To' });
    sticky.core.setAlgorithm('user-affinity', { numberRules: String.raw`^\+49 => app2` });
    const call = (n: number, to: string): string | undefined =>
      sticky.nodeOf(request({ to, callId: `n${n}`, via: clientVia(`z9hG4bKn${n}`) }));
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

it('a node that only this table knows by port is found by its own port', () => {
  const plane = new DeciderFixture([sipNode('here', { udp: 7001 })]);
  expect(plane.decide(request()).target?.port).toBe(7001);
});
