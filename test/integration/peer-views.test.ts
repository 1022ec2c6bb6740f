import { Overview, PeerViews } from '../../control-plane/peers';
import { PushHub } from '../../control-plane/push';
import { StatsAggregator } from '../../control-plane/stats';
import { MemoryStore } from '../../control-plane/store';
import { Dialer, hostOf } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { startTestControlPlane } from '../support/control-plane';
import { FakeClock } from '../support/fake-clock';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

describe('the views of other control planes', () => {
  it('are part of every answer to operators, and those that live and say nothing are named in it', async () => {
    const clock = new FakeClock();
    const logger = silentLogger();
    const peer = await startTestControlPlane();
    const plane = new FakePlane(peer.planes, {});
    const address = peer.service.addresses['grpc'] ?? '';
    const answering = { id: 'answering', host: hostOf(address), port: Number(address.split(':').at(-1)) };
    const silent = { id: 'silent', host: '127.0.0.1', port: 1 };
    const dialer = new Dialer({ settings: { insecure: false }, clock, logger });
    const views = new PeerViews({ dialer, clock, logger, others: () => [answering, silent] });
    const hub = new PushHub({ store: new MemoryStore('lineage', clock), clock, logger, startGraceMs: 0 });
    const overview = new Overview({
      hub,
      stats: new StatsAggregator({ clock, staleMs: 10_000 }),
      views: () => views.views,
      missing: () => views.missing,
    });
    expect(overview.missing).toEqual(['answering', 'silent']);
    await until('the plane of the other one is shown', () => {
      clock.advance(1000);
      return overview.planes().length === 1;
    });
    expect(overview.missing).toEqual(['silent']);
    expect(overview.stats().missingControlPlanes).toEqual(['silent']);
    plane.close();
    await peer.close();
    await until('it is missing too', () => {
      clock.advance(1000);
      return overview.missing.length === 2;
    });
    views.close();
    dialer.close();
  });
});
