import { Registry } from '../../../control-plane/registry';
import { OpenStreams } from '../../../control-plane/server';
import { SharedCluster } from '../../../control-plane/shared-cluster';
import { MemoryStore } from '../../../control-plane/store';
import { Counters } from '../../../runtime/counters';
import { silentLogger } from '../../../runtime/logger';
import { FakeClock } from '../../support/fake-clock';
import { FakeConsul } from '../../support/fake-consul';

class CuttableStore extends MemoryStore {
  cut = false;

  override get frozen(): boolean {
    return this.cut;
  }
}

class RecordingStreams extends OpenStreams {
  readonly ended: string[] = [];

  override endAll(kind: string): void {
    this.ended.push(kind);
  }
}

function world() {
  const clock = new FakeClock();
  const logger = silentLogger();
  const store = new CuttableStore('lineage', clock);
  const consul = new FakeConsul();
  const cluster = new SharedCluster({
    store,
    consul: consul.client(),
    clock,
    logger,
    id: 'me',
    secure: false,
    dial: { insecure: false },
  });
  const registry = new Registry({
    store,
    clock,
    logger,
    counters: new Counters(),
    lease: { ttlMs: 6000, removalDelayMs: 60_000 },
    guard: { percent: 30, minNodes: 2, maxMs: 600_000 },
    newLeaseId: () => 'lease',
    holderId: 'me',
    isHolderAlive: (id) => cluster.isAlive(id),
    planes: () => [],
  });
  return { clock, store, consul, cluster, registry, streams: new RecordingStreams(logger) };
}

describe('a control plane among others', () => {
  it('is listed while it runs', async () => {
    const { consul, cluster, registry, streams } = world();
    await cluster.join('127.0.0.1', 7700, registry, streams);
    expect([...consul.services.keys()]).toEqual(['me']);
    await cluster.close();
    expect(consul.services.size).toBe(0);
  });

  it('sends its nodes elsewhere once when it is cut off from the store for more than 10 s, and again the next time', async () => {
    const { clock, store, cluster, registry, streams } = world();
    await cluster.join('127.0.0.1', 7700, registry, streams);
    store.cut = true;
    clock.advance(10_000);
    expect([cluster.isCutOff(), streams.ended]).toEqual([false, []]);
    clock.advance(5000);
    expect([cluster.isCutOff(), streams.ended]).toEqual([true, ['node']]);
    store.cut = false;
    clock.advance(2000);
    expect(cluster.isCutOff()).toBe(false);
    store.cut = true;
    clock.advance(15_000);
    expect(streams.ended).toEqual(['node', 'node']);
    await cluster.close();
    expect(clock.pending).toBe(0);
  });
});
