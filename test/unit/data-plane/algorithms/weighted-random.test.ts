import { AlgorithmCatalog } from '../../../../data-plane';
import { RoutingConfig } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { seededRandom } from '../../../support/seeded-random';
import { FakeSelection } from '../../../support/selection-context';

const RUNS = 20_000;
const nodes = [1, 2, 5].map((weight) => planeNode(`w${weight}`, { weight }));
const create = (random: () => number) =>
  new AlgorithmCatalog().create(RoutingConfig.create({ algorithm: 'weighted-random' }), { random });

describe('weighted-random', () => {
  it('gives each node its share by weight within three sigma', () => {
    const algorithm = create(seededRandom(7));
    const counts = new Map<string, number>();
    for (let i = 0; i < RUNS; i += 1) {
      const id = algorithm.select('', nodes, new FakeSelection())?.id ?? '';
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const { id, weight } of nodes) {
      const share = weight / 8;
      const sigma = Math.sqrt(RUNS * share * (1 - share));
      expect(Math.abs((counts.get(id) ?? 0) - RUNS * share)).toBeLessThan(3 * sigma);
    }
  });

  it('takes the ends of the range for what they are, and nobody among none', () => {
    expect(create(() => 0).select('', nodes, new FakeSelection())?.id).toBe('w1');
    expect(create(() => 0.999_999).select('', nodes, new FakeSelection())?.id).toBe('w5');
    expect(create(() => 0).select('', [], new FakeSelection())).toBeUndefined();
  });
});
