import { AlgorithmCatalog, type Algorithm, type PlaneNode } from '../../../../data-plane';
import { RoutingConfig } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const nodes = ['a', 'b', 'c'].map((id) => planeNode(id));
const NUMBERS = Array.from({ length: 60 }, (_, i) => `+1555${String(i).padStart(4, '0')}`);

function create(parameters: Readonly<Record<string, string>> = {}): Algorithm {
  const config = RoutingConfig.create({
    algorithm: 'user-affinity',
    parameters: new Map(Object.entries(parameters)),
  });
  return new AlgorithmCatalog().create(config, { random: () => 0 });
}

const without = (...ids: readonly string[]): PlaneNode[] => nodes.filter(({ id }) => !ids.includes(id));

describe('user-affinity', () => {
  it('keeps all calls for a number at one node, and spreads numbers over all', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const first = NUMBERS.map((number) => algorithm.select(number, nodes, context)?.id);
    expect(new Set(first).size).toBe(3);
    expect(NUMBERS.map((number) => algorithm.select(number, nodes, context)?.id)).toEqual(first);
  });

  it('fails over: calls that are up and new calls for the numbers of a dead node meet at one stand-in', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const ofA = NUMBERS.filter((number) => algorithm.select(number, nodes, context)?.id === 'a');
    context.alive = without('a');
    const standIns = new Set([
      ...ofA.map((number) => algorithm.select(number, context.alive, context)?.id),
      algorithm.standIn?.('the Call-ID of a call that is up', nodes[0] as PlaneNode, context)?.id,
    ]);
    expect(standIns.size).toBe(1);
  });

  it('spreads the numbers of a dead node when callIdAffinityGroupFailover is false', () => {
    const algorithm = create({ callIdAffinityGroupFailover: 'false' });
    const context = new FakeSelection(nodes);
    const ofA = NUMBERS.filter((number) => algorithm.select(number, nodes, context)?.id === 'a');
    context.alive = without('a');
    expect(new Set(ofA.map((number) => algorithm.select(number, context.alive, context)?.id)).size).toBe(2);
  });

  describe('with number rules', () => {
    const rules = String.raw`^\+15550 => b ; ^\+1555.*9$ => gone, c; ^\+1555 => a,b`;

    it('obeys the first rule that fits and has a live node', () => {
      const algorithm = create({ numberRules: rules });
      const context = new FakeSelection(nodes);
      expect(algorithm.select('+15550009', nodes, context)?.id).toBe('b');
      expect(algorithm.select('+15551119', nodes, context)?.id).toBe('c');
      expect(['a', 'b']).toContain(algorithm.select('+15551110', nodes, context)?.id);
      expect(algorithm.select('+15552229', without('c'), context)?.id).not.toBe('c');
    });

    it('keeps affinity for numbers that no rule fits', () => {
      const algorithm = create({ numberRules: rules });
      const context = new FakeSelection(nodes);
      const node = algorithm.select('alice', nodes, context);
      for (let i = 0; i < 5; i += 1) expect(algorithm.select('alice', nodes, context)).toBe(node);
    });

    it('goes to the next rule, then to any node, when the nodes of a rule are gone', () => {
      const algorithm = create({ numberRules: String.raw`^\+1 => a; ^\+15 => b` });
      const context = new FakeSelection(nodes);
      expect(algorithm.select('+155', nodes, context)?.id).toBe('a');
      context.alive = without('a');
      expect(algorithm.select('+155', context.alive, context)?.id).toBe('b');
      context.alive = without('a', 'b');
      expect(algorithm.select('+155', context.alive, context)?.id).toBe('c');
    });

    it('leaves a running conference where it is while its node drains, and takes new numbers elsewhere', () => {
      const algorithm = create({ numberRules: '^77 => a, b' });
      const context = new FakeSelection(nodes);
      const home = algorithm.select('7701', nodes, context)?.id as string;
      const fresh = without(home);
      expect(algorithm.select('7701', fresh, context)?.id).toBe(home);
      for (let i = 10; i < 30; i += 1) expect(algorithm.select(`77${i}`, fresh, context)?.id).not.toBe(home);
    });

    it('chooses equally at every plane for a number of a rule', () => {
      const [one, two] = [create({ numberRules: '^.* => a,b,c' }), create({ numberRules: '^.* => a,b,c' })];
      const context = new FakeSelection(nodes);
      two.select('another number', nodes, context);
      for (const number of NUMBERS) expect(one.select(number, nodes, context)).toBe(two.select(number, nodes, context));
    });

    it.each([
      ['+1555', 'numberRules: expected rules such as'],
      ['=> a', 'numberRules: expected rules such as'],
      ['1 => ', 'numberRules: expected rules such as'],
      ['1 => a => b', 'numberRules: expected rules such as'],
      ['(a => b', 'numberRules: expected a pattern, got (a: a ( that is not closed'],
      ['1 => a;'.repeat(201), 'numberRules: expected at most 200 rules, got 201'],
    ])('refuses %s with one clear line', (numberRules, message) => {
      expect(() => create({ numberRules })).toThrow(message);
    });
  });
});
