import { startProber } from '../../../../runtime/probe';
import { Endpoint } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';

const endpoints = [Endpoint.create({ host: '127.0.0.1', port: 1 }), Endpoint.create({ host: '127.0.0.1', port: 2 })];

/** Lets the promises of a round settle. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function start() {
  const clock = new FakeClock();
  const changes: [boolean, string][] = [];
  let answer: string | undefined;
  const prober = startProber({
    endpoints,
    intervalMs: 1000,
    timeoutMs: 100,
    path: '/',
    clock,
    onChange: (well, reason) => changes.push([well, reason]),
    probes: [async () => undefined, async () => answer],
  });
  return {
    prober,
    clock,
    changes,
    async rounds(count: number, next: string | undefined): Promise<void> {
      answer = next;
      for (let i = 0; i < count; i += 1) {
        clock.advance(1000);
        // eslint-disable-next-line no-await-in-loop
        await settle();
      }
    },
  };
}

test('a server is well after two good rounds in a row, and ill after three bad ones', async () => {
  const { changes, rounds, prober } = start();
  await settle();
  expect(changes).toEqual([]);
  await rounds(1, undefined);
  expect(changes).toEqual([[true, '']]);
  await rounds(2, 'no answer');
  expect(changes).toHaveLength(1);
  await rounds(1, 'no answer');
  expect(changes.at(-1)).toEqual([false, '127.0.0.1:2: no answer']);
  await rounds(2, undefined);
  expect(changes.at(-1)).toEqual([true, '']);
  prober.close();
});

test('a single lost answer changes nothing', async () => {
  const { changes, rounds, prober } = start();
  await rounds(2, undefined);
  await rounds(2, 'lost');
  await rounds(1, undefined);
  await rounds(2, 'lost');
  expect(changes).toHaveLength(1);
  prober.close();
});

test('a server that was never well is ill after three rounds', async () => {
  const clock = new FakeClock();
  const changes: boolean[] = [];
  const prober = startProber({
    endpoints: endpoints.slice(0, 1),
    intervalMs: 1000,
    timeoutMs: 100,
    path: '/',
    clock,
    onChange: (well) => changes.push(well),
    probes: [async () => 'refused'],
  });
  await settle();
  for (let i = 0; i < 2; i += 1) {
    clock.advance(1000);
    // eslint-disable-next-line no-await-in-loop
    await settle();
  }
  expect(changes).toEqual([false]);
  prober.close();
});

test('close ends the rounds', async () => {
  const { prober, clock } = start();
  await settle();
  prober.close();
  expect(clock.pending).toBe(0);
});
