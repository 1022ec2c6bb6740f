import { StatsAggregator, sumStats } from '../../../../control-plane/stats';
import { NodeStats, Protocol, ReportStatsRequest } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';

const START = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-01T01:00:00Z');

function report(rest: {
  planeId?: string;
  incarnation?: string;
  startTime?: Date;
  requests?: number;
  activeSessions?: number;
}): ReportStatsRequest {
  const { planeId = 'sip-1', incarnation = 'i1', startTime = START, requests = 0, activeSessions = 0 } = rest;
  return ReportStatsRequest.create({
    planeId,
    incarnation,
    startTime,
    protocol: Protocol.SIP,
    nodes: [NodeStats.create({ nodeId: 'app1', requests, bytesIn: 2 * requests, activeSessions })],
    counters: new Map([['sip.external.requests.INVITE', requests]]),
    gauges: new Map([['sip.calls', activeSessions]]),
  });
}

function world(): { clock: FakeClock; stats: StatsAggregator; invites: () => number | undefined } {
  const clock = new FakeClock();
  const stats = new StatsAggregator({ clock, staleMs: 10_000 });
  return { clock, stats, invites: () => sumStats(stats.runs().values()).counters.get('sip.external.requests.INVITE') };
}

describe('figures', () => {
  it('are replaced by each report, for they are cumulative', () => {
    const { stats, invites } = world();
    stats.take(report({ requests: 10 }));
    stats.take(report({ requests: 15 }));
    expect(invites()).toBe(15);
    expect(stats.node('app1')).toMatchObject({ requests: 15, bytesIn: 30 });
  });

  it('go on when a plane restarts from zero', () => {
    const { stats, invites } = world();
    stats.take(report({ requests: 10, activeSessions: 4 }));
    stats.take(report({ incarnation: 'i2', startTime: LATER, requests: 1, activeSessions: 1 }));
    stats.take(report({ incarnation: 'i2', startTime: LATER, requests: 3, activeSessions: 1 }));
    expect(invites()).toBe(13);
    expect(stats.node('app1')).toMatchObject({ requests: 13, bytesIn: 26, activeSessions: 1 });
  });

  it('go on over more restarts than are kept apart', () => {
    const { stats, invites } = world();
    for (let i = 0; i < 9; i += 1) stats.take(report({ incarnation: `i${i}`, requests: 10 ** (i % 3) }));
    expect(invites()).toBe(333);
    expect(stats.node('app1')).toMatchObject({ requests: 333 });
    expect(stats.of('sip-1')?.traffic()).toEqual({ requests: 333, failures: 0 });
    expect(stats.runs().get('sip-1')).toHaveLength(5);
  });

  it('do not count a process again that another one has replaced', () => {
    const { stats, invites } = world();
    stats.take(report({ requests: 10 }));
    stats.take(report({ incarnation: 'i2', startTime: LATER, requests: 1 }));
    expect(stats.take(report({ requests: 11 }))).toBe(false);
    stats.take(report({ incarnation: 'i2', startTime: LATER, requests: 2 }));
    expect(invites()).toBe(12);
  });

  it('are summed over planes', () => {
    const { stats, invites } = world();
    stats.take(report({ requests: 10, activeSessions: 1 }));
    stats.take(report({ planeId: 'sip-2', requests: 5, activeSessions: 2 }));
    expect(invites()).toBe(15);
    const { planes, nodes, gauges } = sumStats(stats.runs().values());
    expect(planes.map((plane) => plane.planeId)).toEqual(['sip-1', 'sip-2']);
    expect(nodes).toEqual([expect.objectContaining({ nodeId: 'app1', requests: 15, activeSessions: 3 })]);
    expect(gauges.get('sip.calls')).toBe(3);
  });

  it('of a silent plane stay, its gauges do not', () => {
    const { clock, stats, invites } = world();
    stats.take(report({ requests: 10, activeSessions: 4 }));
    clock.advance(10_001);
    expect(invites()).toBe(10);
    expect(sumStats(stats.runs().values()).gauges.get('sip.calls')).toBeUndefined();
    expect(stats.node('app1')).toMatchObject({ requests: 10, activeSessions: 0 });
  });

  it('with names longer than 128 characters are left out', () => {
    const { stats } = world();
    stats.take(ReportStatsRequest.create({ planeId: 'p', counters: new Map([['x'.repeat(129), 1]]) }));
    expect(sumStats(stats.runs().values()).counters.size).toBe(0);
  });

  it('are kept for at most 1000 planes; the one that is silent longest goes', () => {
    const { clock, stats } = world();
    for (let i = 0; i <= 1000; i += 1) {
      stats.take(report({ planeId: `p${i}`, requests: 1 }));
      clock.advance(1);
    }
    const known = sumStats(stats.runs().values()).planes.map((plane) => plane.planeId);
    expect(known).toHaveLength(1000);
    expect(known).not.toContain('p0');
  });
});
