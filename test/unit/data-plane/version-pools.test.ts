import { compareVersions } from '../../../data-plane';
import { NodeState, Protocol, Transport, type Node } from '../../../proto';
import { fakeCore, testNode, type FakeCore } from '../../support/fake-core';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const node = (id: string, softwareVersion: string, rest: Partial<Node> = {}): Node =>
  testNode(id, [sip], { softwareVersion, ...rest });
const KEYS = Array.from({ length: 60 }, (_, i) => `call-${i}`);
const OLD = [node('old1', '1.9'), node('old2', '1.9')];
const NEW = [node('new1', '1.10'), node('new2', '1.10')];

const look = (core: FakeCore, keys: readonly string[] = KEYS): (string | undefined)[] =>
  keys.map((key) => core.balancer.choose('default', key)?.id);
const among = (core: FakeCore, keys?: readonly string[]): string => [...new Set(look(core, keys))].toSorted().join();

describe('version pools', () => {
  it('gives new keys to the newest version and leaves old keys with theirs', () => {
    const core = fakeCore(Protocol.SIP, OLD);
    core.setAlgorithm('call-id-affinity');
    const before = look(core);
    core.setNodes([...OLD, ...NEW]);
    expect(look(core)).toEqual(before);
    expect(among(core, ['fresh1', 'fresh2', 'fresh3', 'fresh4'])).toBe('new1,new2');
  });

  it('moves the keys of a dead node inside its version', () => {
    const core = fakeCore(Protocol.SIP, OLD);
    core.setAlgorithm('call-id-affinity');
    look(core);
    core.setNodes([OLD[1] as Node, ...NEW]);
    expect(among(core)).toBe('old2');
    for (const key of KEYS) expect(core.balancer.standIn('default', key, 'old1')?.id).toBe('old2');
  });

  it('moves them to the newest version when theirs has no node left, and remembers no more than that', () => {
    const core = fakeCore(Protocol.SIP, [...OLD]);
    core.setAlgorithm('call-id-affinity');
    look(core);
    core.setNodes(NEW);
    expect(among(core)).toBe('new1,new2');
    expect(['new1', 'new2']).toContain(core.balancer.standIn('default', 'k', 'old1')?.id);
  });

  it('falls back to the older version while the newest has no usable node, and returns to it', () => {
    const core = fakeCore(Protocol.SIP, [...OLD, ...NEW]);
    const drained = NEW.map((one) => ({ ...one, state: NodeState.DRAINING }));
    expect(among(core)).toBe('new1,new2');
    core.setNodes([...OLD, ...drained]);
    expect(among(core)).toBe('old1,old2');
    core.setNodes([...OLD, ...NEW]);
    expect(among(core)).toBe('new1,new2');
  });

  it('falls back when the newest version is ejected', () => {
    const core = fakeCore(Protocol.SIP, [...OLD, NEW[0] as Node]);
    core.balancer.eject('new1', core.clock.now() + 60_000);
    expect(among(core)).toBe('old1,old2');
  });

  it('works among nodes that the plane itself names', () => {
    const core = fakeCore(Protocol.SIP, [...OLD, ...NEW]);
    const { nodes } = core.table;
    const some = nodes.filter(({ id }) => id !== 'new2');
    expect(core.balancer.chooseAmong('default', 'k', some)?.id).toBe('new1');
    expect(
      core.balancer.chooseAmong(
        'default',
        'k',
        some.filter(({ id }) => id !== 'new1'),
      )?.version,
    ).toBe('1.9');
  });

  it('balances over all versions with versionPools=false', () => {
    const core = fakeCore(Protocol.SIP, [...OLD, ...NEW]);
    core.setAlgorithm('round-robin', { versionPools: 'false' });
    expect(among(core)).toBe('new1,new2,old1,old2');
  });

  it.each([
    ['', '0'],
    ['1.9', '1.10'],
    ['v1.2', '1.3'],
    ['2.0-rc1', '2.0'],
    ['2.0', '2.0.1'],
    ['2.0-rc1', '2.0-rc2'],
    ['blue', 'green'],
    ['9', '10'],
    ['rc', '0'],
  ])('orders %s before %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(newer, newer)).toBe(0);
  });
});
