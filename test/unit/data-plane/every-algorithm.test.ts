import { BUILT_IN, type PlaneNode } from '../../../data-plane';
import { NodeState, Protocol, Transport, type Node } from '../../../proto';
import { FakeClock } from '../../support/fake-clock';
import { fakeCore, testNode, type FakeCore } from '../../support/fake-core';
import { seededRandom } from '../../support/seeded-random';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const STATES = [NodeState.ACTIVE, NodeState.ACTIVE, NodeState.ACTIVE, NodeState.DRAINING, NodeState.SUSPECT];
const ROUNDS = 300;
const CHOICES = 40;
const NAMES = BUILT_IN.map(({ name }) => name);
const REMEMBERING = ['call-id-affinity', 'user-affinity', 'subcluster-affinity', 'persistent-hash'];

/** Any nodes: some gone, draining, silent, without weight, of another version. */
function anyNodes(random: () => number): Node[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  return IDS.filter(() => random() < 0.8).map((id) =>
    testNode(id, [sip], {
      state: pick(STATES),
      weight: pick([0, 1, 100, 1000]),
      softwareVersion: pick(['', '1', '1', '2']),
      incarnation: pick(['i1', 'i1', 'i2']),
    }),
  );
}

const parametersOf = (name: string): Record<string, string> => ({
  slowStartMs: '5000',
  ...(name === 'subcluster-affinity' ? { subclusterMap: '(a,b)(c,d)' } : {}),
  ...(name === 'user-affinity' ? { numberRules: '7$ => a, b; 8$ => c' } : {}),
});

const keeps = (core: FakeCore, node: PlaneNode): boolean => core.table.keepsOldWork(node, core.clock.now());

describe.each(NAMES)('%s, while nodes come, go, drain, fall silent and are ejected', (name) => {
  it('names a node of this moment that may get the work, and nobody only when there is nobody', () => {
    const random = seededRandom(NAMES.indexOf(name) + 1);
    const clock = new FakeClock();
    const core = fakeCore(Protocol.SIP, anyNodes(random), clock);
    core.setAlgorithm(name, parametersOf(name));
    const faults: unknown[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      core.setNodes(anyNodes(random));
      clock.advance(random() * 3000);
      core.balancer.eject(IDS[round % IDS.length] as string, clock.now() + 2000, random() < 0.5 ? 'new' : 'all');
      const { fresh } = core.table.pool('default');
      for (let i = 0; i < CHOICES; i += 1) {
        const key = `key-${Math.floor(random() * 500)}`;
        const node = random() < 0.8 ? core.balancer.choose('default', key) : core.balancer.standIn('default', key, 'a');
        const fits = node === undefined ? fresh.length === 0 : fresh.includes(node) || keeps(core, node);
        const isCurrent = node === undefined || core.table.get(node.id) === node;
        if (!fits || !isCurrent) faults.push({ round, key, node: node?.id });
      }
    }
    expect(faults).toEqual([]);
  });

  it('leaves a key at its node as long as that may get old work, if it remembers keys at all', () => {
    const random = seededRandom(1000 + NAMES.indexOf(name));
    const core = fakeCore(Protocol.SIP, anyNodes(random), new FakeClock());
    core.setAlgorithm(name, parametersOf(name));
    const last = new Map<string, string>();
    const moved: unknown[] = [];
    let stayed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      core.setNodes(anyNodes(random));
      for (let i = 0; i < CHOICES; i += 1) {
        const key = `key-${i}0`;
        const node = core.balancer.choose('default', key);
        const before = core.table.get(last.get(key) ?? '');
        if (before !== undefined && keeps(core, before)) {
          if (node === before) stayed += 1;
          else moved.push({ round, key, from: before.id, to: node?.id });
        }
        if (node !== undefined) last.set(key, node.id);
      }
    }
    expect(stayed).toBeGreaterThan(0);
    expect(moved.length === 0 || !REMEMBERING.includes(name)).toBe(true);
  });
});
