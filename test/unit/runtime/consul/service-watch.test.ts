import { ServiceEntry, ServiceWatch, type ServiceInstance } from '../../../../runtime/consul';
import { systemClock } from '../../../../runtime/clock';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { FakeConsul } from '../../../support/fake-consul';
import { until } from '../../../support/until';

const SHARED = { clock: systemClock, random: () => 0, logger: silentLogger() };
const SERVICE = 'web';

let consul: FakeConsul;
let watch: ServiceWatch;
let seen: (readonly ServiceInstance[])[];

function ids(): string[] | undefined {
  return seen.at(-1)?.map(({ id, well }) => (well ? id : `${id}!`));
}

async function register(id: string): Promise<void> {
  const check = { http: 'http://127.0.0.1:1/' };
  await consul.client().register({ name: SERVICE, id, host: '127.0.0.1', port: 1, meta: {}, check });
}

beforeEach(async () => {
  consul = new FakeConsul();
  seen = [];
  await register('b');
  await register('a');
  watch = new ServiceWatch({
    ...SHARED,
    client: consul.client(),
    service: SERVICE,
    onInstances: (instances) => void seen.push(instances),
  });
  await until('the first answer is in', () => seen.length === 1);
});

afterEach(() => watch.close());

describe('a watch of a service', () => {
  it('tells all instances in order, then each change, and nothing twice', async () => {
    expect(ids()).toEqual(['a', 'b']);
    consul.setWell('a', false);
    await until('it knows', () => ids()?.includes('a!'));
    consul.wake();
    await register('c');
    await until('it knows the third', () => ids()?.includes('c'));
    expect(seen).toHaveLength(3);
  });

  it('keeps what it knows while the agent is away, and takes up again', async () => {
    consul.cut();
    consul.down = false;
    await register('c');
    await until('it goes on', () => ids()?.length === 3);
    expect(seen).toHaveLength(2);
  });

  it('does not believe an empty answer, as a token without rights reads it', async () => {
    consul.powerless = true;
    consul.wake();
    await register('c');
    const { catalogReads } = consul;
    await until('it asked', () => consul.catalogReads > catalogReads);
    expect(ids()).toEqual(['a', 'b']);
    consul.powerless = false;
    await until('it believes again', () => ids()?.length === 3);
  });

  it('begins anew when the index went back, as after a restore', async () => {
    consul.wipe();
    await register('c');
    await until('it sees what came after', () => ids()?.includes('c'));
  });
});

describe('an entry in the catalog', () => {
  it('is made again when the agent has lost it, and leaves with its process', async () => {
    const clock = new FakeClock();
    const check = { http: 'http://127.0.0.1:1/' };
    const registration = { name: 'triplane-sip-plane', id: 'p1', host: '127.0.0.1', port: 5060, meta: {}, check };
    consul.down = true;
    const entry = new ServiceEntry({ ...SHARED, clock, client: consul.client(), registration });
    await settle();
    consul.down = false;
    clock.advance(2000);
    await until('it is registered', () => consul.services.has('p1'));
    await settle();
    consul.services.delete('p1');
    clock.advance(2000);
    await until('it is registered again', () => consul.services.has('p1'));
    await entry.close();
    expect([consul.services.has('p1'), clock.pending]).toEqual([false, 0]);
  });
});

/** Lets promises run that wait for nothing. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
