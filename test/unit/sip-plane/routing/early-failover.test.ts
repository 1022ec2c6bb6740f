import { NodeState, Protocol, Transport, type Node } from '../../../../proto';
import { testNode } from '../../../support/fake-core';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request, responseTo } from '../../../support/sip-messages';

const at = (id: string, rest: Partial<Node> = {}): Node =>
  testNode(
    id,
    [{ protocol: Protocol.SIP, transport: Transport.UDP, host: `10.0.0.1${id.slice(-1)}`, port: 5060 }],
    rest,
  );

const nodes = ['app1', 'app2', 'app3'].map((id) => at(id));
const inside = { leg: 'internal', host: '10.0.0.11', port: 5060 } as const;
const invite = request({
  uri: 'sip:carol@192.0.2.9:5060',
  callId: 'early1',
  via: 'UDP 10.0.0.11:5060;branch=z9hG4bKnode1;rport',
});

/** A plane at which app1 has called somebody outside, and what the callee got. */
function called(): { readonly plane: DeciderFixture; readonly ringing: string } {
  const plane = new DeciderFixture(nodes);
  return { plane, ringing: responseTo(plane.forward(invite, inside), '180 Ringing') };
}

/** Where the last response goes. */
const target = ({ responses }: DeciderFixture): string | undefined => responses.target?.host;

it('an answer goes to the node that asked while it lives', () => {
  const { plane, ringing } = called();
  expect(plane.respond(ringing)).toBe(0);
  expect(target(plane)).toBe('10.0.0.11');
  expect(plane.responses.failedOver).toBe(false);
});

it.each([
  ['was removed', nodes.slice(1)],
  ['is suspect and silent', [at('app1', { state: NodeState.SUSPECT }), ...nodes.slice(1)]],
])('an answer goes to the stand-in when the node %s, readdressed to it, the same one at every instance', (_, left) => {
  const targets = [called(), called()].map(({ plane, ringing }) => {
    plane.clock.advance(60_000);
    plane.core.setNodes(left);
    expect(plane.respond(ringing)).toBe(0);
    expect(plane.responses.failedOver).toBe(true);
    const host = target(plane) ?? '';
    expect(headers(plane.response(), 'Via')).toEqual([
      `SIP/2.0/UDP ${host}:5060;branch=z9hG4bKnode1;rport=5060;received=${host}`,
    ]);
    return host;
  });
  expect(targets[0]).toMatch(/^10\.0\.0\.1[23]$/);
  expect(targets[1]).toBe(targets[0]);
});

it('an answer goes where it was asked from when there is nobody to take over', () => {
  const { plane, ringing } = called();
  plane.core.setNodes([]);
  expect(plane.respond(ringing)).toBe(0);
  expect(target(plane)).toBe('10.0.0.11');
});

it('a node that took the address of the one that left gets its answers as they are', () => {
  const { plane, ringing } = called();
  plane.core.setNodes([...nodes.slice(1), { ...at('app1'), nodeId: 'new1' }]);
  expect(plane.respond(ringing)).toBe(0);
  expect([target(plane), plane.responses.failedOver]).toEqual(['10.0.0.11', false]);
});

it('answers to clients are nobody else’s', () => {
  const plane = new DeciderFixture(nodes);
  const ringing = responseTo(plane.forward(request()), '180 Ringing');
  plane.core.setNodes(nodes.slice(1));
  expect(plane.respond(ringing)).toBe(0);
  expect([target(plane), plane.responses.failedOver]).toEqual(['192.0.2.1', false]);
});
