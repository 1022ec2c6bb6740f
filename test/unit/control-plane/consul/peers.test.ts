import { Peers, SERVICE_NAME } from '../../../../control-plane/consul';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { FakeConsul } from '../../../support/fake-consul';

class World {
  readonly clock = new FakeClock();
  readonly consul = new FakeConsul();

  async join(id: string, port: number): Promise<Peers> {
    const peers = new Peers({
      client: this.consul.client(),
      clock: this.clock,
      logger: silentLogger(),
      id,
      host: '127.0.0.1',
      port,
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

describe('control planes', () => {
  it('are known by the catalog, with the address of their gRPC health', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    expect(one.others).toEqual([{ id: 'two', host: '127.0.0.1', port: 7710 }]);
    expect([one.isAlive('one'), one.isAlive('two')]).toEqual([true, true]);
    expect(world.consul.services.get('one')).toMatchObject({
      name: SERVICE_NAME,
      grpcCheck: '127.0.0.1:7700/triplane.v1.PlaneService',
      secure: true,
    });
  });

  it('count as gone when they were not listed for 15 s', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await world.join('two', 7710);
    await one.poll();
    world.consul.critical.add('two');
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

  it('register again when the agent has forgotten them', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    world.consul.services.clear();
    await one.poll();
    expect(world.consul.services.has('one')).toBe(true);
  });

  it('leave the catalog when they close', async () => {
    const world = new World();
    const one = await world.join('one', 7700);
    await one.close();
    expect(world.consul.services.size).toBe(0);
    expect(world.clock.pending).toBe(0);
  });
});
