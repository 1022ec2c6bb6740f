import { PushHub } from '../../../../control-plane/push';
import { CanaryWatch, RoutingConfigs, type ConfigUpdate } from '../../../../control-plane/routing';
import { MemoryStore } from '../../../../control-plane/store';
import {
  AlgorithmDescriptor,
  Hello,
  Nack,
  Protocol,
  Rejection,
  RoutingConfig,
  type SubscribeResponse,
} from '../../../../proto';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';

const WINDOW_MS = 30_000;
const ALGORITHMS = ['old', 'new', 'newer'].map((name) => AlgorithmDescriptor.create({ name, parameters: ['n'] }));

interface Plane {
  algorithm: string;
  rejecting: boolean;
  leave(): void;
}

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore('lineage', this.clock);
  readonly hub = new PushHub({ store: this.store, clock: this.clock, logger: silentLogger(), startGraceMs: 0 });
  readonly configs = new RoutingConfigs({ store: this.store, planes: this.hub.planes, clock: this.clock });
  readonly traffic = new Map<string, { requests: number; failures: number }>();
  readonly #canaries = new CanaryWatch({
    configs: this.configs,
    planes: this.hub.planes,
    clock: this.clock,
    logger: silentLogger(),
    windowMs: WINDOW_MS,
    trafficOf: (id) => this.traffic.get(id) ?? { requests: 0, failures: 0 },
  });

  constructor() {
    this.clock.every(500, () => this.#canaries.check());
  }

  update(algorithm: string, rest: Partial<ConfigUpdate> = {}): ReturnType<RoutingConfigs['update']> {
    const config = RoutingConfig.create({ protocol: Protocol.SIP, algorithm });
    return this.configs.update({ config, etag: '', validateOnly: false, canaryPlanes: 0, traceparent: '', ...rest });
  }

  get algorithm(): string | undefined {
    return this.configs.get(Protocol.SIP, '')?.algorithm;
  }

  /** A plane that takes everything at once, or rejects configs. */
  plane(planeId: string): Plane {
    const hello = Hello.create({ planeId, incarnation: 'i', protocol: Protocol.SIP, algorithms: ALGORITHMS });
    const waiting: SubscribeResponse[] = [];
    const leave = (): void => {
      waiting.length = 0;
      this.hub.leave(subscription);
    };
    const plane = { algorithm: '', rejecting: false, leave };
    const answer = (): void => {
      const response = waiting.shift();
      if (response === undefined) return;
      const [config] = response.content?.value.configs ?? [];
      if (config !== undefined && plane.rejecting) {
        const rejection = Rejection.create({ resource: { $case: 'pool', value: 'default' }, reason: 'cannot' });
        subscription.nack(Nack.create({ nonce: response.nonce, rejections: [rejection] }));
      } else {
        plane.algorithm = config?.algorithm ?? plane.algorithm;
        subscription.ack(response.nonce);
      }
    };
    const subscription = this.hub.subscribe(hello, {
      send: (response) => {
        waiting.push(response);
        this.clock.after(1, answer);
      },
      onSilent: () => undefined,
      onReplaced: () => undefined,
      onNewLineage: () => undefined,
    });
    return plane;
  }
}

async function threePlanes(): Promise<{ world: World; planes: Plane[]; algorithms: () => string[] }> {
  const world = new World();
  await world.update('old');
  const planes = ['p1', 'p2', 'p3'].map((id) => world.plane(id));
  world.clock.advance(10);
  return { world, planes, algorithms: () => planes.map((plane) => plane.algorithm) };
}

describe('a config on trial', () => {
  it('reaches only its planes, and all of them after a clean window', async () => {
    const { world, algorithms } = await threePlanes();
    const { canaryPlaneIds } = await world.update('new', { canaryPlanes: 1 });
    world.clock.advance(100);
    expect(canaryPlaneIds).toEqual(['p1']);
    expect(algorithms()).toEqual(['new', 'old', 'old']);
    expect(world.algorithm).toBe('old');
    expect(world.configs.canaries(Protocol.SIP)).toMatchObject([{ planeIds: ['p1'], config: { algorithm: 'new' } }]);
    world.clock.advance(WINDOW_MS - 1000);
    expect(world.algorithm).toBe('old');
    world.clock.advance(2000);
    expect(algorithms()).toEqual(['new', 'new', 'new']);
    expect(world.algorithm).toBe('new');
    expect(world.configs.canaries(Protocol.SIP)).toEqual([]);
  });

  it('ends when its plane rejects it', async () => {
    const { world, planes, algorithms } = await threePlanes();
    const [first] = planes;
    if (first !== undefined) first.rejecting = true;
    await world.update('new', { canaryPlanes: 1 });
    world.clock.advance(2000);
    expect(world.configs.canaries(Protocol.SIP)).toEqual([]);
    if (first !== undefined) first.rejecting = false;
    world.clock.advance(2 * WINDOW_MS);
    expect(algorithms()).toEqual(['old', 'old', 'old']);
    expect(world.algorithm).toBe('old');
  });

  it('ends when failures rise at its plane, and the plane goes back', async () => {
    const { world, algorithms } = await threePlanes();
    world.traffic.set('p1', { requests: 1000, failures: 10 });
    await world.update('new', { canaryPlanes: 2 });
    world.clock.advance(1000);
    expect(algorithms()).toEqual(['new', 'new', 'old']);
    world.traffic.set('p1', { requests: 1100, failures: 30 });
    world.clock.advance(1000);
    expect(algorithms()).toEqual(['old', 'old', 'old']);
  });

  it('goes on with the failures that are usual, and with too few requests to tell', async () => {
    const { world } = await threePlanes();
    world.traffic.set('p1', { requests: 1000, failures: 200 });
    await world.update('new', { canaryPlanes: 1 });
    world.clock.advance(1000);
    world.traffic.set('p1', { requests: 1100, failures: 221 });
    world.traffic.set('p2', { requests: 19, failures: 19 });
    world.clock.advance(WINDOW_MS);
    expect(world.algorithm).toBe('new');
  });

  it('ends when its plane leaves', async () => {
    const { world, planes } = await threePlanes();
    await world.update('new', { canaryPlanes: 1 });
    planes[0]?.leave();
    world.clock.advance(WINDOW_MS + 1000);
    expect(world.configs.canaries(Protocol.SIP)).toEqual([]);
    expect(world.algorithm).toBe('old');
  });

  it('gives way to the next update', async () => {
    const { world, algorithms } = await threePlanes();
    await world.update('new', { canaryPlanes: 1 });
    world.clock.advance(1000);
    await world.update('newer');
    world.clock.advance(2 * WINDOW_MS);
    expect(algorithms()).toEqual(['newer', 'newer', 'newer']);
  });

  it.each([3, 4])('at %i of three planes is no trial', async (canaryPlanes) => {
    const { world } = await threePlanes();
    expect(await world.update('new', { canaryPlanes })).toMatchObject({ canaryPlaneIds: [] });
    expect(world.algorithm).toBe('new');
  });
});

function rollback(world: World, to = 0): Promise<RoutingConfig> {
  return world.configs.rollback(Protocol.SIP, '', to, '');
}

describe('a rollback', () => {
  it('puts the config before in force again, and that can be rolled back too', async () => {
    const { world } = await threePlanes();
    await world.update('new');
    expect(await rollback(world)).toMatchObject({ algorithm: 'old', pool: 'default' });
    expect(await rollback(world)).toMatchObject({ algorithm: 'new' });
  });

  it('goes back to any of the last fifty', async () => {
    const world = new World();
    const first = await world.update('old');
    for (let i = 0; i < 50; i += 1) await world.update('new');
    const past = world.configs.past(Protocol.SIP);
    expect(past).toHaveLength(50);
    expect(past.at(-1)?.config?.changedIndex).toBe(first.config.changedIndex);
    expect(await rollback(world, first.config.changedIndex)).toMatchObject({ algorithm: 'old' });
    await expect(rollback(world, first.config.changedIndex)).rejects.toMatchObject({ reason: 'CONFIG_UNKNOWN' });
  });

  it('ends a trial', async () => {
    const { world, algorithms } = await threePlanes();
    await world.update('new', { canaryPlanes: 1 });
    world.clock.advance(1000);
    expect(await rollback(world)).toMatchObject({ algorithm: 'old' });
    world.clock.advance(2 * WINDOW_MS);
    expect(algorithms()).toEqual(['old', 'old', 'old']);
  });

  it('to what a connected plane cannot do is refused', async () => {
    const world = new World();
    await world.update('ancient');
    await world.update('new');
    world.plane('p1');
    await expect(rollback(world)).rejects.toMatchObject({ reason: 'ALGORITHM_UNKNOWN' });
  });

  it('is refused where nothing was before', async () => {
    const world = new World();
    await expect(rollback(world)).rejects.toMatchObject({ reason: 'CONFIG_UNKNOWN' });
    await world.update('old');
    await expect(rollback(world)).rejects.toMatchObject({ reason: 'CONFIG_UNKNOWN' });
  });
});
