import { NodeState, Protocol, Transport } from '../../../../proto';
import { SmscDirectory } from '../../../../smpp-plane/routing';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore, testNode, type FakeCore } from '../../../support/fake-core';
import type { Node } from '../../../../proto';

function node(id: string, port: number, rest: Partial<Node> = {}): Node {
  return testNode(id, [{ protocol: Protocol.SMPP, transport: Transport.TCP, host: '127.0.0.1', port }], rest);
}

function directoryOf(core: FakeCore, remoteServers: readonly string[] = []): SmscDirectory {
  const directory = new SmscDirectory(core, { remoteServers, reconnectMs: 1000 });
  core.onTable((table) => directory.refresh(table));
  return directory;
}

const none: ReadonlySet<string> = new Set();

function tally(directory: SmscDirectory, times: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < times; i += 1) {
    const id = directory.choose('esme', none)?.id ?? 'nobody';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

describe('SmscDirectory', () => {
  test('treats registered nodes and remoteServers as one set', () => {
    const directory = directoryOf(fakeCore(Protocol.SMPP, [node('a', 1), node('b', 2)]), [
      '127.0.0.1:3',
      'smsc.example:4',
    ]);
    expect(tally(directory, 40)).toEqual({ a: 10, b: 10, '127.0.0.1:3': 10, 'smsc.example:4': 10 });
    expect(directory.choose('x', new Set(['a', 'b', '127.0.0.1:3']))).toMatchObject({ host: 'smsc.example', port: 4 });
  });

  test('a static entry with the address of a registered node is that node, whatever its state', () => {
    const core = fakeCore(Protocol.SMPP, [node('a', 1)]);
    const directory = directoryOf(core, ['127.0.0.1:1', '[::1]:2']);
    expect(tally(directory, 10)).toEqual({ a: 5, '[::1]:2': 5 });
    core.setNodes([node('a', 1, { state: NodeState.DRAINING })]);
    expect(tally(directory, 10)).toEqual({ '[::1]:2': 10 });
    core.setNodes([]);
    expect(tally(directory, 10)).toEqual({ '127.0.0.1:1': 5, '[::1]:2': 5 });
  });

  test('gives each SMSC once per round and none after the last', () => {
    const directory = directoryOf(fakeCore(Protocol.SMPP, [node('a', 1), node('b', 2)]));
    const tried = new Set<string>();
    for (let target = directory.choose('k', tried); target !== undefined; target = directory.choose('k', tried)) {
      expect(tried.has(target.id)).toBe(false);
      tried.add(target.id);
    }
    expect(tried).toEqual(new Set(['a', 'b']));
  });

  test('passes over an SMSC that could not be reached, longer each time, and takes it when there is no other', () => {
    const clock = new FakeClock();
    const core = fakeCore(Protocol.SMPP, [node('a', 1), node('b', 2)], clock);
    const directory = directoryOf(core);
    const a = directory.choose('k', new Set(['b']));
    if (a === undefined) throw new Error('expected a');
    directory.failed(a);
    expect(tally(directory, 4)).toEqual({ b: 4 });
    expect(directory.choose('k', new Set(['b']))?.id).toBe('a');
    clock.advance(1001);
    expect(tally(directory, 4)).toEqual({ a: 2, b: 2 });
    directory.failed(a);
    clock.advance(1001);
    expect(tally(directory, 4)).toEqual({ b: 4 });
    directory.succeeded(a);
    expect(tally(directory, 4)['a']).toBe(2);
    expect(a.live.failures).toBe(2);
  });

  test('the algorithm in force decides, weights included', () => {
    const core = fakeCore(Protocol.SMPP, [node('a', 1, { weight: 300 }), node('b', 2)]);
    const directory = directoryOf(core);
    expect(tally(directory, 40)).toEqual({ a: 30, b: 10 });
    core.setAlgorithm('header-hash');
    expect(Object.keys(tally(directory, 10))).toHaveLength(1);
  });

  test('a node without an SMPP endpoint over TCP gets nothing', () => {
    const udp = testNode('u', [{ protocol: Protocol.SMPP, transport: Transport.UDP, host: '127.0.0.1', port: 9 }]);
    expect(tally(directoryOf(fakeCore(Protocol.SMPP, [udp, node('a', 1)])), 4)).toEqual({ a: 4 });
  });

  test.each([
    [NodeState.ACTIVE, true],
    [NodeState.DRAINING, true],
    [NodeState.SUSPECT, true],
    [NodeState.MAINTENANCE, false],
  ])('sessions may stay at a node in state %s: %s', (state, stays) => {
    const directory = directoryOf(fakeCore(Protocol.SMPP, [node('a', 1, { state })]), ['127.0.0.1:7']);
    expect(directory.keepsOldWork('a')).toBe(stays);
    expect(directory.keepsOldWork('127.0.0.1:7')).toBe(true);
    expect(directory.keepsOldWork('gone')).toBe(false);
  });
});
