import { mergePlanes, mergeStats, progressElsewhere, type PeerView } from '../../../../control-plane/peers';
import { GetViewResponse, NodeStats, PeerPlane, PlaneRun, PlaneStats, PlaneStatus, fromMs } from '../../../../proto';

const EARLY = new Date('2026-01-01T00:00:00Z');
const LATE = new Date('2026-01-01T00:01:00Z');

function viewOf(...planes: Partial<PeerPlane>[]): PeerView {
  return {
    askedAtMs: 10_000,
    view: GetViewResponse.create({ planes: planes.map((plane) => PeerPlane.create(plane)) }),
  };
}

function status(planeId: string, connected: boolean, ackedAt?: Date): PlaneStatus {
  return PlaneStatus.create({ planeId, incarnation: 'i', connected, ackedAt });
}

function run(planeId: string, observedAt: Date, requests: number, activeSessions = 0, process = 'i'): PlaneRun {
  const stats = PlaneStats.create({
    planeId,
    observedAt,
    nodes: [NodeStats.create({ nodeId: 'app1', requests, activeSessions })],
    counters: new Map([['n', requests]]),
    gauges: new Map([['calls', activeSessions]]),
  });
  return PlaneRun.create({ process, stats });
}

describe('planes of several control planes', () => {
  it('are listed together, by id', () => {
    const merged = mergePlanes([status('b', true)], [viewOf({ status: status('a', true) })]);
    expect(merged.map(({ planeId }) => planeId)).toEqual(['a', 'b']);
  });

  it.each<[string, PlaneStatus, PlaneStatus, boolean]>([
    ['where it is connected', status('a', false, LATE), status('a', true, EARLY), true],
    ['where it was last', status('a', false, EARLY), status('a', false, LATE), true],
    ['here, when nothing speaks for there', status('a', true), status('a', false), false],
  ])('a plane that moved is %s', (_what, here, there, takesThere) => {
    expect(mergePlanes([here], [viewOf({ status: there })])).toEqual([takesThere ? there : here]);
  });
});

describe('figures of several control planes', () => {
  it('are summed over planes', () => {
    const own = new Map([['a', [run('a', LATE, 10, 1)]]]);
    const merged = mergeStats(own, [viewOf({ runs: [run('b', LATE, 5, 2)] })]);
    expect([...merged.counters, ...merged.gauges]).toEqual([
      ['n', 15],
      ['calls', 3],
    ]);
    expect(merged.nodes).toMatchObject([{ nodeId: 'app1', requests: 15, activeSessions: 3 }]);
  });

  it('count a plane that moved once: the greatest sums, the newest gauges', () => {
    const own = new Map([['a', [run('a', EARLY, 100, 9)]]]);
    const merged = mergeStats(own, [viewOf({ runs: [run('a', LATE, 120, 1)] })]);
    expect(merged.counters.get('n')).toBe(120);
    expect(merged.gauges.get('calls')).toBe(1);
    expect(merged.nodes).toMatchObject([{ requests: 120, activeSessions: 1 }]);
    const other = mergeStats(own, [viewOf({ runs: [run('a', LATE, 40, 1)] })]);
    expect(other.counters.get('n')).toBe(100);
  });

  it('count each process of a plane that restarted and is heard elsewhere since', () => {
    const own = new Map([['a', [run('a', EARLY, 100, 9, 'i1')]]]);
    const there = viewOf({ runs: [run('a', EARLY, 90, 0, 'i1'), run('a', LATE, 7, 2, 'i2')] });
    const merged = mergeStats(own, [there]);
    expect(merged.counters.get('n')).toBe(107);
    expect(merged.gauges.get('calls')).toBe(2);
    expect(merged.nodes).toMatchObject([{ requests: 107, activeSessions: 2 }]);
    expect(merged.planes).toMatchObject([{ planeId: 'a', observedAt: LATE }]);
  });
});

describe('what drains learn of planes elsewhere', () => {
  it('is their answer, their sessions, and when they reported at the latest', () => {
    const [progress] = progressElsewhere([
      viewOf({
        status: status('a', true),
        answeredIndex: 7,
        runs: [run('a', LATE, 1, 3)],
        reportAge: fromMs(400),
      }),
    ]);
    expect(progress).toMatchObject({ key: 'a/i', answeredIndex: 7, reportedAtMs: 9600 });
    expect([progress?.sessionsOf('app1'), progress?.sessionsOf('app2')]).toEqual([3, 0]);
  });

  it('is nothing of planes that are gone, and no report where there was none', () => {
    const gone = viewOf({ status: status('a', false) });
    const silent = viewOf({ status: status('b', true) });
    expect(progressElsewhere([gone, silent])).toMatchObject([{ key: 'b/i', reportedAtMs: Number.NEGATIVE_INFINITY }]);
  });
});
