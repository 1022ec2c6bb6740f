import { Assignments } from '../../../data-plane';
import { Assignment, SessionMove, fromMs } from '../../../proto';
import { FakeClock } from '../../support/fake-clock';

const TTL = 10_000;

function start(): { table: Assignments; clock: FakeClock; keep: (key: string, nodeId: string) => void } {
  const clock = new FakeClock();
  const table = new Assignments(clock);
  const keep = (key: string, nodeId: string): void =>
    table.pool('default').keep(key, nodeId, { nowMs: clock.now(), ttlMs: TTL });
  return { table, clock, keep };
}

const told = (key: string, nodeId: string, rest: Partial<Assignment> = {}): Assignment =>
  Assignment.create({ key, nodeId, ttl: fromMs(TTL), ...rest });
const keysOf = (reports: readonly Assignment[]): string => reports.map(({ key, nodeId }) => `${key}=${nodeId}`).join();

describe('Assignments', () => {
  it('reports a key when it is new, when it moves, and when half of its time is over', () => {
    const { table, clock, keep } = start();
    keep('k', 'a');
    keep('k', 'a');
    expect(keysOf(table.takeReports(10))).toBe('k=a');
    keep('k', 'a');
    expect(table.takeReports(10)).toEqual([]);
    keep('k', 'b');
    expect(keysOf(table.takeReports(10))).toBe('k=b');
    clock.advance(TTL / 2);
    keep('k', 'b');
    expect(table.takeReports(10)).toEqual([]);
    clock.advance(1);
    keep('k', 'b');
    expect(keysOf(table.takeReports(10))).toBe('k=b');
  });

  it('reports in portions', () => {
    const { table, keep } = start();
    for (let i = 0; i < 5; i += 1) keep(`k${i}`, 'a');
    expect(table.takeReports(3)).toHaveLength(3);
    expect(table.takeReports(3)).toHaveLength(2);
    expect(table.takeReports(3)).toHaveLength(0);
  });

  it('holds what the control plane tells, and does not report it back', () => {
    const { table, clock, keep } = start();
    keep('k', 'a');
    table.take(told('k', 'b'));
    expect(table.pool('').find('k', clock.now())).toBe('b');
    expect(table.takeReports(10)).toEqual([]);
    table.take(told('k', ''));
    expect(table.pool('').find('k', clock.now())).toBeUndefined();
  });

  it('forgets a key that nobody used for its time', () => {
    const { table, clock, keep } = start();
    keep('used', 'a');
    keep('idle', 'a');
    clock.advance(TTL - 1);
    keep('used', 'a');
    clock.advance(1);
    expect(table.pool('default').find('idle', clock.now())).toBeUndefined();
    table.expire();
    expect(table.size).toBe(1);
    expect(table.pool('default').find('used', clock.now())).toBe('a');
  });

  it('knows pinned keys from those that an algorithm made', () => {
    const { table, clock, keep } = start();
    const pool = table.pool('default');
    keep('made', 'a');
    table.take(told('pinned', 'a', { pinned: true }));
    expect([pool.pinned('made', clock.now()), pool.pinned('pinned', clock.now())]).toEqual([undefined, 'a']);
    keep('pinned', 'a');
    expect(pool.pinned('pinned', clock.now())).toBe('a');
    clock.advance(TTL);
    expect(pool.pinned('pinned', clock.now())).toBeUndefined();
  });

  it('tells a new control plane what was used here, not what others made or nodes pinned', () => {
    const { table, keep } = start();
    keep('mine', 'a');
    table.take(told('theirs', 'b'));
    table.take(told('pinned', 'b', { pinned: true }));
    table.takeReports(10);
    table.takeMove(SessionMove.create({ fromNodeId: 'a', toNodeId: 'b' }));
    table.startOver();
    expect(keysOf(table.takeReports(10))).toBe('mine=a');
    expect(table.movedTo('a')).toBeUndefined();
  });

  it('is bounded: the longest unused key leaves first', () => {
    const { table, clock, keep } = start();
    for (let i = 0; i < 200_001; i += 1) keep(`k${i}`, 'a');
    expect(table.size).toBe(200_000);
    expect(table.pool('default').find('k0', clock.now())).toBeUndefined();
    expect(table.pool('default').find('k200000', clock.now())).toBe('a');
  });
});
