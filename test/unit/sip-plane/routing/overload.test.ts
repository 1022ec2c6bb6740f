import { Protocol, Transport } from '../../../../proto';
import { OverloadControl } from '../../../../sip-plane/health';
import { Reject } from '../../../../sip-plane/message';
import { testNode } from '../../../support/fake-core';
import { seededRandom } from '../../../support/seeded-random';
import { nodeAt } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request, responseTo } from '../../../support/sip-messages';

const at = (id: string, host: string): ReturnType<typeof testNode> =>
  testNode(id, [{ protocol: Protocol.SIP, transport: Transport.UDP, host, port: 5060 }]);

interface Fixture {
  readonly plane: DeciderFixture;
  readonly overload: OverloadControl;
  /** A node at that address says this in our Via. */
  says(host: string, params: string): void;
  /** Of so many new requests: how many are refused. */
  refused(count: number, change?: Parameters<typeof request>[0]): number;
  /** Of so many new requests: how many go to a node. */
  share(id: string, count: number): number;
}

let calls = 0;
const fresh = (change: Parameters<typeof request>[0] = {}): string => {
  calls += 1;
  return request({ callId: `oc${calls}`, via: `UDP 192.0.2.1:5060;branch=z9hG4bKoc${calls}`, ...change });
};

function fixture(...nodes: ReturnType<typeof testNode>[]): Fixture {
  const overload = new OverloadControl(seededRandom(7));
  const plane = new DeciderFixture(nodes, { parts: { overload } });
  const decide = (change?: Parameters<typeof request>[0]): ReturnType<DeciderFixture['decide']> =>
    plane.decide(fresh(change));
  return {
    plane,
    overload,
    says(host, params) {
      plane.respond(
        request({ via: `UDP 10.0.0.1:5065;branch=z9hG4bKx;${params}` }).replace(/^.*\r\n/, 'SIP/2.0 200 OK\r\n'),
      );
      overload.heard(plane.view, plane.peers.ofText(host, 5060), plane.clock.now());
    },
    refused: (count, change) =>
      Array.from({ length: count }, () => decide(change).reject).filter((reject) => reject === Reject.OVERLOAD).length,
    share: (id, count) => Array.from({ length: count }, () => decide().node?.id).filter((got) => got === id).length,
  };
}

it('OC-3: a fifth of the new requests go elsewhere when a node asks for it', () => {
  const { says, share } = fixture(at('app1', '10.0.0.11'), at('app2', '10.0.0.12'));
  says('10.0.0.11', 'oc=20;oc-algo="loss";oc-seq=1.1;oc-validity=60000');
  const count = share('app1', 4000);
  expect(count).toBeGreaterThan(1500);
  expect(count).toBeLessThan(1700);
});

it('OC-3: without another node they are refused with 503', () => {
  const { says, refused } = fixture(at('app1', '10.0.0.11'));
  says('10.0.0.11', 'oc=20;oc-seq=1;oc-validity=60000');
  const count = refused(1000);
  expect(count).toBeGreaterThan(150);
  expect(count).toBeLessThan(250);
});

it('OC-3: dialogs, ACK, CANCEL, emergencies and priorities go all the same', () => {
  const { says, refused } = fixture(at('app1', '10.0.0.11'));
  says('10.0.0.11', 'oc=100;oc-seq=1;oc-validity=60000');
  expect(refused(10)).toBe(10);
  expect(refused(10, { method: 'BYE', to: '<sip:b@x>;tag=1' })).toBe(0);
  expect(refused(10, { method: 'CANCEL' })).toBe(0);
  expect(refused(10, { uri: 'urn:service:sos' })).toBe(0);
  expect(refused(10, { extra: ['Resource-Priority: ets.0'] })).toBe(0);
});

it('OC-2: holds for its validity, only with a larger oc-seq, until oc=0', () => {
  const { says, refused, plane } = fixture(at('app1', '10.0.0.11'));
  says('10.0.0.11', 'oc=100;oc-seq=5.2');
  expect(refused(1)).toBe(1);
  plane.clock.advance(501);
  expect(refused(1)).toBe(0);
  says('10.0.0.11', 'oc=100;oc-seq=5.2;oc-validity=9000');
  expect(refused(1)).toBe(0);
  says('10.0.0.11', 'oc=100;oc-seq=5.3;oc-validity=9000');
  expect(refused(1)).toBe(1);
  says('10.0.0.11', 'oc=0;oc-seq=5.4;oc-validity=0');
  expect(refused(1)).toBe(0);
});

it.each([
  'oc=200;oc-seq=1',
  'oc=x;oc-seq=1',
  'oc;oc-seq=1',
  'oc=100',
  'oc=100;oc-seq=x',
  'oc=100;oc-seq=1;oc-validity=-1',
])('OC-2: %s counts as nothing said', (params) => {
  const { says, refused } = fixture(at('app1', '10.0.0.11'));
  says('10.0.0.11', params);
  expect(refused(3)).toBe(0);
});

describe('what a client says about its own load', () => {
  const plane = new DeciderFixture([nodeAt('app1', '10.0.0.11')]);
  const said = 'UDP 192.0.2.1:5060;oc;branch=z9hG4bK1;oc-algo="loss,A;b" ;rport ;oc-seq=1.1; oc-validity = 5';
  const viaOf = (via: string): string => headers(plane.forward(request({ via })), 'Via')[1] ?? '';

  it('OC-4: goes no further, and nothing else of its Via does', () => {
    expect(viaOf(said)).toBe('SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1 ;rport=5060 ;received=192.0.2.1');
    expect(viaOf('UDP 192.0.2.1:5060;ocean=1;branch=z9hG4bK2')).toBe(
      'SIP/2.0/UDP 192.0.2.1:5060;ocean=1;branch=z9hG4bK2',
    );
    expect(viaOf('UDP client.example.com;branch=z9hG4bK3;oc=5')).toBe(
      'SIP/2.0/UDP client.example.com;branch=z9hG4bK3;received=192.0.2.1',
    );
  });

  it('OC-4: nor does what a node writes into the Via of a client', () => {
    const answer = responseTo(plane.forward(request({ via: 'UDP 192.0.2.1:5060;branch=z9hG4bK4' })), '200 OK');
    plane.respond(answer.replace('branch=z9hG4bK4', 'oc=100;oc-seq=9;branch=z9hG4bK4'));
    expect(headers(plane.response(), 'Via')).toEqual(['SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK4']);
  });
});
