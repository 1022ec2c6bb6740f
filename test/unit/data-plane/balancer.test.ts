import { NodeState, Protocol, Transport, type Node } from '../../../proto';
import { fakeCore, testNode } from '../../support/fake-core';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const nodes = (...states: readonly NodeState[]): Node[] =>
  states.map((state, i) => testNode(`n${i}`, [sip], { state }));
const at = (id: string, registeredIndex: number, rest: Partial<Node> = {}): Node =>
  testNode(id, [sip], { registeredIndex, ...rest });

describe('Balancer', () => {
  it('keeps what the algorithm remembers while nodes come and go', () => {
    const core = fakeCore(Protocol.SIP, nodes(NodeState.ACTIVE, NodeState.ACTIVE));
    core.setAlgorithm('call-id-affinity');
    const keys = ['k1', 'k2', 'k3', 'k4'];
    const before = keys.map((key) => core.balancer.choose('default', key)?.id);
    core.setNodes(nodes(NodeState.ACTIVE, NodeState.ACTIVE, NodeState.ACTIVE));
    expect(keys.map((key) => core.balancer.choose('default', key)?.id)).toEqual(before);
    expect(core.balancer.remembered).toBe(4);
  });

  it('starts the new algorithm fresh when the config changes', () => {
    const core = fakeCore(Protocol.SIP, nodes(NodeState.ACTIVE));
    core.setAlgorithm('call-id-affinity');
    core.balancer.choose('default', 'k');
    core.setAlgorithm('header-hash');
    expect(core.balancer.remembered).toBe(0);
    expect(core.balancer.choose('default', 'k')?.id).toBe('n0');
  });

  it('keeps a known key on a draining node and gives it nothing new', () => {
    const core = fakeCore(Protocol.SIP, nodes(NodeState.ACTIVE));
    core.setAlgorithm('call-id-affinity');
    core.balancer.choose('default', 'old');
    core.setNodes(nodes(NodeState.DRAINING, NodeState.ACTIVE));
    expect(core.balancer.choose('default', 'old')?.id).toBe('n0');
    for (let i = 0; i < 10; i += 1) expect(core.balancer.choose('default', `new${i}`)?.id).toBe('n1');
  });

  it('names the same stand-in as header-hash would choose', () => {
    const core = fakeCore(Protocol.SIP, nodes(NodeState.ACTIVE, NodeState.ACTIVE, NodeState.ACTIVE));
    core.setAlgorithm('header-hash');
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(core.balancer.standIn('default', key)).toBe(core.balancer.choose('default', key));
    }
  });

  it('chooses nothing in a pool that nobody knows', () => {
    expect(fakeCore(Protocol.SIP, nodes(NodeState.ACTIVE)).balancer.choose('gold', 'k')).toBeUndefined();
  });

  it('gives the work of a lost node to nodes that were there before the loss, at every plane and whenever it learns of later ones', () => {
    const early = [at('a', 1), at('b', 2), at('lost', 3, { state: NodeState.SUSPECT, changedIndex: 10 })];
    const late = Array.from({ length: 20 }, (_, i) => at(`late${i}`, 20 + i));
    const keys = Array.from({ length: 200 }, (_, i) => `call-${i}`);
    const before = fakeCore(Protocol.SIP, early);
    const after = fakeCore(Protocol.SIP, [...early, ...late]);
    const choices = keys.map((key) => before.balancer.standIn('default', key, 'lost')?.id);
    expect(new Set(choices)).toEqual(new Set(['a', 'b']));
    expect(keys.map((key) => after.balancer.standIn('default', key, 'lost')?.id)).toEqual(choices);
    after.setNodes([...early.slice(0, 2), ...late]);
    expect(keys.map((key) => after.balancer.standIn('default', key, 'lost')?.id)).toEqual(choices);
    after.setNodes(late);
    expect(keys.every((key) => after.balancer.standIn('default', key, 'lost')?.id.startsWith('late'))).toBe(true);
  });
});
