import { Registry } from '../../../control-plane/registry';
import { OpenStreams } from '../../../control-plane/server';
import { SharedCluster } from '../../../control-plane/shared-cluster';
import { SessionTable } from '../../../control-plane/sessions';
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

const AT = { host: '127.0.0.1', port: 7700, admin: '127.0.0.1:7701' };

function world() {
  const clock = new FakeClock();
  const logger = silentLogger();
  const store = new CuttableStore('lineage', clock);
  const consul = new FakeConsul();
  const cluster = new SharedCluster({
    store,
    consul: { client: () => consul.client() },
    clock,
    counters: new Counters(),
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
  const table = new SessionTable({ store, clock, maxKeys: 10 });
  return { clock, store, consul, cluster, registry, table, streams: new RecordingStreams(logger) };
}

/** Time passes, and what was asked meanwhile is answered. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a control plane among others', () => {
  it('is listed while it runs', async () => {
    const { consul, cluster, registry, streams, table } = world();
    await cluster.join(AT, { registry, streams, table });
    expect([...consul.services.keys()]).toEqual(['triplane-control-plane-127.0.0.1-7700']);
    await cluster.close();
    expect(consul.services.size).toBe(0);
  });

  it('sends its nodes elsewhere once when it is cut off from the store for more than 10 s, and again the next time', async () => {
    const { clock, store, cluster, registry, streams, table } = world();
    await cluster.join(AT, { registry, streams, table });
    store.cut = true;
    await pass(clock, 10_000);
    expect([cluster.isCutOff(), streams.ended]).toEqual([false, []]);
    await pass(clock, 5000);
    expect([cluster.isCutOff(), streams.ended]).toEqual([true, ['node']]);
    store.cut = false;
    await pass(clock, 2000);
    expect(cluster.isCutOff()).toBe(false);
    store.cut = true;
    await pass(clock, 15_000);
    expect(streams.ended).toEqual(['node', 'node']);
    await cluster.close();
    table.close();
    expect(clock.pending).toBe(0);
  });

  it('sends its nodes elsewhere 10 s after the last short answer of Consul, while the long question still waits', async () => {
    const { clock, consul, cluster, registry, streams, table } = world();
    await cluster.join(AT, { registry, streams, table });
    consul.down = true;
    await pass(clock, 10_000);
    expect(streams.ended).toEqual([]);
    await pass(clock, 2000);
    expect(streams.ended).toEqual(['node']);
    await cluster.close();
  });
});
