import { ActiveChecks } from '../../../../http-plane/health';
import { Protocol } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore } from '../../../support/fake-core';
import { httpNode } from '../../../support/http-plane-fixture';

const SETTINGS = {
  kind: 'http',
  path: '/',
  status: '200-399',
  intervalMs: 1000,
  timeoutMs: 100,
  rise: 2,
  fall: 3,
} as const;

/** Three nodes; `bad` holds the ids of those that fail their checks. */
function start() {
  const clock = new FakeClock();
  const nodes = ['a', 'b', 'c'].map((id, index) => httpNode(id, index + 1));
  const core = fakeCore(Protocol.HTTP, nodes, clock);
  const bad = new Set<string>();
  const probe = async ({ id }: { id: string }): Promise<string | undefined> => (bad.has(id) ? 'status 500' : undefined);
  const checks = new ActiveChecks(SETTINGS, { ...core, table: () => core.table, probe });
  return {
    core,
    bad,
    checks,
    clock,
    /** The nodes that new work may go to after so many rounds. */
    async after(rounds: number): Promise<string> {
      for (let i = 0; i < rounds; i += 1) {
        clock.advance(SETTINGS.intervalMs);
        // eslint-disable-next-line no-await-in-loop
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      core.balancer.choose('default', 'key');
      return core.table
        .pool('default')
        .fresh.map(({ id }) => id)
        .join('');
    },
  };
}

test('a node that fails its checks often enough is ejected for as long as it fails', async () => {
  const { bad, after, core } = start();
  bad.add('b');
  expect(await after(2)).toBe('abc');
  expect(await after(1)).toBe('ac');
  expect(core.balancer.keeper('b')).toBeUndefined();
  expect(await after(20)).toBe('ac');
  expect(core.counters.snapshotCounters().get('http.checks.failed')).toBe(23);
  expect(core.counters.snapshotGauges().get('http.checks.down')).toBe(1);
});

test('it comes back when it has answered well often enough', async () => {
  const { bad, after } = start();
  bad.add('b');
  expect(await after(3)).toBe('ac');
  bad.clear();
  expect(await after(1)).toBe('ac');
  expect(await after(1)).toBe('abc');
});

test('one bad answer now and then ejects nobody', async () => {
  const { bad, after } = start();
  for (let i = 0; i < 5; i += 1) {
    bad.add('b');
    // eslint-disable-next-line no-await-in-loop
    expect(await after(2)).toBe('abc');
    bad.clear();
    // eslint-disable-next-line no-await-in-loop
    expect(await after(1)).toBe('abc');
  }
});

test('the last node is never ejected, and the pool gets others back as they recover', async () => {
  const { bad, after } = start();
  for (const id of ['a', 'b', 'c']) bad.add(id);
  expect(await after(10)).toHaveLength(1);
  bad.delete('a');
  bad.delete('c');
  expect(await after(2)).toBe('ac');
});

test('nothing is asked after the end', async () => {
  const { checks, clock } = start();
  checks.close();
  expect(clock.pending).toBe(0);
});
