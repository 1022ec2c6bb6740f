import { Registry, type PlaneProgress, type Registration } from '../../control-plane/registry';
import { MemoryStore, SETTINGS_KEY, settingsOf } from '../../control-plane/store';
import { ClusterSettings, Endpoint, Node, Protocol, StoredValue, Transport, type NodeState } from '../../proto';
import { Counters } from '../../runtime/counters';
import { silentLogger } from '../../runtime/logger';
import { FakeClock } from './fake-clock';

export const TTL_MS = 6000;
export const REMOVAL_MS = 60_000;

/** A registry over a store in memory, with a clock of the test; its nodes are of one host and live by leases. */
export class RegistryWorld {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore('lineage', this.clock);
  planes: PlaneProgress[] = [];
  #leases = 0;
  readonly registry = new Registry({
    store: this.store,
    clock: this.clock,
    logger: silentLogger(),
    counters: new Counters(),
    lease: { ttlMs: TTL_MS, removalDelayMs: REMOVAL_MS },
    guard: { percent: 30, minNodes: 2, maxMs: 600_000 },
    newLeaseId: () => `lease-${(this.#leases += 1)}`,
    holderId: 'me',
    isHolderAlive: () => true,
    planes: () => this.planes,
  });

  constructor() {
    const content = { $case: 'settings', value: ClusterSettings.create({}) } as const;
    void this.store.compareAndSet(SETTINGS_KEY, StoredValue.create({ content }), 0);
    this.clock.every(this.registry.sweepIntervalMs, () => this.registry.sweep());
  }

  async register(id: string, more: Partial<Registration> & { incarnation?: string } = {}): Promise<string> {
    const { incarnation = 'i1', ...rest } = more;
    const { lease } = await this.registry.register({
      node: sipNode(id, { incarnation }),
      peerHost: '10.0.0.1',
      source: 'grpc',
      traceparent: '',
      ...rest,
    });
    return lease.id;
  }

  /** Moves time on while these leases are kept alive. */
  pass(ms: number, ...leases: string[]): void {
    for (let left = ms; left > 0; left -= 1000) {
      for (const lease of leases) this.registry.renew(lease);
      this.clock.advance(Math.min(1000, left));
    }
  }

  state(id: string): NodeState | undefined {
    return this.registry.get(id)?.node.state;
  }

  get guardSetting(): boolean | undefined {
    return settingsOf(this.store.get(SETTINGS_KEY)?.value)?.guardActive;
  }
}

export function sipNode(id: string, rest: Partial<Node> = {}): Node {
  return Node.create({ nodeId: id, incarnation: 'i1', endpoints: [sipEndpoint()], ...rest });
}

export function sipEndpoint(rest: Partial<Endpoint> = {}): Endpoint {
  return Endpoint.create({
    protocol: Protocol.SIP,
    transport: Transport.UDP,
    host: '10.0.0.1',
    port: 5080,
    ...rest,
  });
}
