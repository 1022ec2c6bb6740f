import { Peers } from '../../../../control-plane/consul';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { FakeConsul } from '../../../support/fake-consul';

class World {
  readonly clock = new FakeClock();
  readonly consul = new FakeConsul();

  async join(id: string, port: number, clock = this.clock): Promise<Peers> {
    const peers = new Peers({
      client: this.consul.client(),
      clock,
      logger: silentLogger(),
      id,
      host: '127.0.0.1',
      port,
      admin: '127.0.0.1:7701',
      secure: true,
    });
    await peers.start();
    await peers.poll();
    return peers;
  }

  /** Time passes, looked at every two seconds. */
  async pass(ms: number, ...all: Peers[]): Promise<void> {
    for (let left = ms; left > 0; left -= 2000) {
      this.clock.advance(2000);
      for (const peers of all) await peers.poll();
    }
  }
}

const entry = (port: number): string => `triplane-control-plane-127.0.0.1-${port}`;

describe('control planes', () => {
  it('are known by the catalog, with the address of their gRPC health', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    expect(one.others).toEqual([{ id: 'two', host: '127.0.0.1', port: 7710 }]);
    expect([one.isAlive('one'), one.isAlive('two')]).toEqual([true, true]);
    expect(world.consul.services.get(entry(7700))).toMatchObject({
      name: 'triplane-control-plane',
      meta: { incarnation: 'one', admin: '127.0.0.1:7701' },
      check: { grpc: '127.0.0.1:7700/triplane.v1.PlaneService', secure: true },
    });
  });

  it('count as gone when they were not listed for 15 s', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    world.consul.critical.add(entry(7710));
    await world.pass(14_000, one);
    expect(one.isAlive('two')).toBe(true);
    await world.pass(2000, one);
    expect(one.isAlive('two')).toBe(false);
    expect(one.others).toEqual([]);
  });

  it('that were never listed get the same time from the first trustworthy list on', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    expect(one.isAlive('long-gone')).toBe(true);
    await world.pass(16_000, one);
    expect(one.isAlive('long-gone')).toBe(false);
  });

  it('that have just started count as living though they are not listed yet', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.pass(60_000, one);
    expect(one.isAlive('just-started')).toBe(true);
    await world.pass(16_000, one);
    expect(one.isAlive('just-started')).toBe(false);
  });

  it('all live while the list cannot be trusted: Consul away, or this one not in it', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    world.consul.powerless = true;
    await world.pass(60_000, one);
    expect(one.isAlive('two')).toBe(true);
    world.consul.powerless = false;
    world.consul.down = true;
    await world.pass(60_000, one);
    expect(one.isAlive('two')).toBe(true);
  });

  it('get their time after Consul was away: it is back for some before it is for others', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    world.consul.down = true;
    await world.pass(60_000, one);
    world.consul.down = false;
    world.consul.critical.add(entry(7710));
    await world.pass(12_000, one);
    expect(one.isAlive('two')).toBe(true);
    await world.pass(8000, one);
    expect(one.isAlive('two')).toBe(false);
  });

  it('register again when the agent has forgotten them', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    world.consul.services.clear();
    await one.poll();
    expect(world.consul.services.has(entry(7700))).toBe(true);
  });

  it('leave the catalog when they close', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await one.close();
    expect(world.consul.services.size).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  it('that come back at the same address replace what was registered there', async () => {
    const world = new World();
    const killed = new FakeClock();
    await world.join('one', 7700, killed);
    const two = await world.join('two', 7710);
    await world.join('one-again', 7700);
    await two.poll();
    expect([two.isAlive('one'), two.isAlive('one-again')]).toEqual([true, true]);
    await world.pass(16_000, two);
    expect(two.isAlive('one')).toBe(false);
    expect(two.others.map(({ id }) => id)).toEqual(['one-again']);
    expect(world.consul.services.size).toBe(2);
  });

  it.each([
    ['0.0.0.0', undefined, '', '127.0.0.1:7700', undefined],
    ['::', undefined, '', '[::1]:7700', undefined],
    ['0.0.0.0', '10.0.0.5', '10.0.0.5', '127.0.0.1:7700', '10.0.0.5:7701'],
    ['fd00::1', undefined, 'fd00::1', '[fd00::1]:7700', '[fd00::1]:7701'],
  ])('that listen on %s and advertise %s are registered at "%s" and checked at %s', async (...row) => {
    const [host, advertise, registered, checked, admin] = row;
    const { consul, clock } = new World();
    const at = host.includes(':') ? '[::]:7701' : '0.0.0.0:7701';
    const shared = { client: consul.client(), clock, logger: silentLogger(), id: 'one', secure: false };
    const peers = new Peers({ ...shared, host, port: 7700, admin: at, advertise });
    await peers.start();
    const [entered] = consul.services.values();
    expect(entered).toMatchObject({ host: registered, check: { grpc: `${checked}/triplane.v1.PlaneService` } });
    expect(entered?.meta['admin']).toBe(admin);
    await peers.close();
  });

  it('know how long Consul has said nothing', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    expect(one.silentMs).toBe(0);
    world.consul.down = true;
    await world.pass(10_000, one);
    expect(one.silentMs).toBeGreaterThanOrEqual(8000);
    world.consul.down = false;
    await one.poll();
    expect(one.silentMs).toBe(0);
  });
});
