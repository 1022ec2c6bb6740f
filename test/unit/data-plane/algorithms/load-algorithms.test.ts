import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AlgorithmCatalog, BUILT_IN, loadAlgorithms, type Algorithm } from '../../../../data-plane';
import { RoutingConfig } from '../../../../proto';
import { Counters } from '../../../../runtime/counters';
import { silentLogger, type Logger } from '../../../../runtime/logger';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const EXAMPLE = path.resolve(__dirname, '../../../../docs/examples/by-prefix.js');
const folder = mkdtempSync(path.join(tmpdir(), 'triplane-algorithms-'));
const nodes = ['uk-1', 'uk-2', 'us-1'].map((id) => planeNode(id));
let files = 0;

function fileWith(text: string): string {
  files += 1;
  const file = path.join(folder, `algorithm-${files}.js`);
  writeFileSync(file, text);
  return file;
}

function load(file: string): { counters: Counters; lines: unknown[]; create: (parameters?: object) => Algorithm } {
  const counters = new Counters();
  const lines: unknown[] = [];
  const logger = Object.assign(Object.create(silentLogger()) as Logger, {
    info: () => undefined,
    error: (facts: unknown) => void lines.push(facts),
  });
  const [factory] = loadAlgorithms([file], { counters, logger });
  const catalog = new AlgorithmCatalog([...BUILT_IN, ...(factory === undefined ? [] : [factory])]);
  return {
    counters,
    lines,
    create: (parameters = {}) =>
      catalog.create(
        RoutingConfig.create({ algorithm: factory?.name ?? '', parameters: new Map(Object.entries(parameters)) }),
        { random: () => 0 },
      ),
  };
}

const faultsOf = (counters: Counters): number => counters.snapshotCounters().get('algorithm.faults.mine') ?? 0;
const mine = (body: string): string => `module.exports = { name: 'mine', parameters: [], create: () => (${body}) };`;

afterAll(() => rmSync(folder, { recursive: true }));

describe('an algorithm from a file', () => {
  it('chooses as the example of the documentation says', () => {
    const algorithm = load(EXAMPLE).create({ prefixes: '+1:us- +44:uk-' });
    const context = new FakeSelection(nodes);
    expect(algorithm.select('+1555', nodes, context)?.id).toBe('us-1');
    expect(algorithm.select('+44555', nodes, context)?.id).toBe('uk-1');
    expect(algorithm.select('+49555', nodes, context)?.id).toBe('uk-1');
    expect(() => load(EXAMPLE).create({ prefixes: '+1' })).toThrow(
      'by-prefix: prefixes: expected PREFIX:ID-BEGINNING …, got +1',
    );
  });

  it('may be an ES module, and one of several in a file', () => {
    const file = fileWith('exports.default = [{ name: "one", create: () => ({ select: (k, n) => n[0] }) }];');
    expect(load(file).create().select('k', nodes, new FakeSelection(nodes))?.id).toBe('uk-1');
  });

  it.each([
    ['throws', '{ select: () => { throw new Error("no idea"); } }', 'select threw: no idea'],
    ['names no node', '{ select: () => "uk-1" }', 'select returned something that is none of the nodes'],
    ['names null', '{ select: () => null }', 'select returned something that is none of the nodes'],
    ['makes up a node', '{ select: () => ({ id: "uk-1" }) }', 'select returned something that is none of the nodes'],
    ['takes its time', '{ select: async (k, n) => n[0] }', 'select returned something that is none of the nodes'],
  ])('that %s is counted, logged once, and round robin chooses instead', (_what, body, reason) => {
    const { counters, lines, create } = load(fileWith(mine(body)));
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const chosen = Array.from({ length: 6 }, () => algorithm.select('k', nodes, context)?.id);
    expect(chosen).toEqual(['uk-1', 'uk-2', 'us-1', 'uk-1', 'uk-2', 'us-1']);
    expect(faultsOf(counters)).toBe(6);
    expect(lines).toEqual([{ algorithm: 'mine', reason }]);
  });

  it('may fail in every other hook without harm', () => {
    const bad = '() => { throw new Error("x"); }';
    const { counters, create } = load(
      fileWith(
        mine(`{ select: (k, n) => n[0], standIn: ${bad}, assigned: ${bad}, nodeAdded: ${bad}, nodeRemoved: ${bad},
          get remembered() { throw new Error("x"); } }`),
      ),
    );
    const algorithm = create();
    const [node] = nodes;
    const context = new FakeSelection(nodes);
    if (node === undefined) throw new Error('no node');
    algorithm.assigned?.('k', node, context);
    algorithm.nodeAdded?.(node);
    algorithm.nodeRemoved?.(node);
    expect(['uk-2', 'us-1']).toContain(algorithm.standIn?.('k', node, context)?.id);
    expect(algorithm.remembered).toBe(0);
    expect(faultsOf(counters)).toBe(5);
  });

  it('may refuse a request by choosing nobody', () => {
    const { counters, create } = load(fileWith(mine('{ select: () => undefined }')));
    expect(create().select('k', nodes, new FakeSelection(nodes))).toBeUndefined();
    expect(faultsOf(counters)).toBe(0);
  });

  it.each([
    ['const x = ;', 'Unexpected token'],
    ['throw new Error("my own trouble")', 'my own trouble'],
    ['module.exports = 5', 'expected an algorithm with a name of A-Z a-z 0-9 . _ -, got undefined'],
    ['module.exports = []', 'expected at least one algorithm, got an empty list'],
    ['module.exports = { name: "a b", create() {} }', 'expected an algorithm with a name'],
    ['module.exports = { name: "mine" }', 'mine: expected create to be a function, got undefined'],
    ['module.exports = { name: "mine", parameters: "x", create() {} }', 'expected parameters to be a list of names'],
    ['module.exports = { name: "round-robin", create() {} }', 'there is already an algorithm round-robin'],
  ])('that is written as %s is refused with one clear line', (text, reason) => {
    const file = fileWith(text);
    expect(() => load(file)).toThrow(`${file} cannot be used as cluster.algorithms: `);
    expect(() => load(file)).toThrow(reason);
    expect(() => load(file)).toThrow(/^[^\n]*$/);
  });

  it('that is not there is refused with one clear line', () => {
    expect(() => load('./no-such-file.js')).toThrow(/^\.\/no-such-file\.js cannot be used.*Cannot find module/);
  });

  it('that makes nothing of use is refused when it is chosen', () => {
    expect(() => load(fileWith(mine('undefined'))).create()).toThrow(
      'mine: expected create() to return an object with select()',
    );
  });
});
