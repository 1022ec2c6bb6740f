import { NodeState, Protocol, Transport, type Node } from '../../../../proto';
import { testNode } from '../../../support/fake-core';
import { seededRandom } from '../../../support/seeded-random';
import { DeciderFixture } from '../../../support/sip-decider';
import { request } from '../../../support/sip-messages';

const COUNT = 4000;

const node = (id: number, rest: Partial<Node> = {}): Node =>
  testNode(`app${id}`, [{ protocol: Protocol.SIP, transport: Transport.UDP, host: `10.0.1.${id}`, port: 5060 }], rest);

const message = (method: string, serial: number, to = '<sip:b@x>'): string =>
  request({
    method,
    callId: `t${serial}`,
    cseq: `1 ${method}`,
    to,
    via: `UDP 192.0.2.1:5060;branch=z9hG4bKt${serial}`,
  });

it.each(['call-id-affinity', 'round-robin', 'header-hash', 'least-sessions'])(
  `STL-10: ${COUNT} transactions keep their node for 32 s under %s while nodes join, drain and change weight`,
  (algorithm) => {
    const random = seededRandom(10);
    const plane = new DeciderFixture([node(0), node(1), node(2)], { remembered: COUNT });
    plane.core.setAlgorithm(algorithm);
    const chosen = Array.from({ length: COUNT }, (_, serial) => plane.nodeOf(message('INVITE', serial)));
    expect(new Set(chosen).size).toBe(3);
    let moved = 0;
    for (let round = 0; round < 5; round += 1) {
      plane.clock.advance(6000);
      const states = [0, 1, 2].map((id) =>
        node(id, { weight: Math.ceil(random() * 1000), state: random() < 0.3 ? NodeState.DRAINING : NodeState.ACTIVE }),
      );
      plane.core.setNodes([...states, ...Array.from({ length: 3 + round }, (_, i) => node(10 + i))]);
      for (let i = 0; i < COUNT / 5; i += 1) {
        const serial = i * 5 + round;
        const again = [message('INVITE', serial), message('CANCEL', serial), message('ACK', serial, '<sip:b@x>;tag=9')];
        for (const text of again) if (plane.nodeOf(text) !== chosen[serial]) moved += 1;
      }
    }
    expect(moved).toBe(0);
  },
);
