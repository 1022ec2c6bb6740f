import type { ConsulClient } from '../../control-plane/consul';
import { until } from './until';

/** What Triplane relies on in Consul; the fake and the real one must both do it. */
export function consulSuite(makeClient: () => ConsulClient): void {
  let client: ConsulClient;
  const prefix = `suite-${Math.random().toString(36).slice(2)}/`;
  const read = async (index = 0, waitMs = 5000) => await client.readAll(prefix, index, waitMs);
  const indexOf = async (key: string): Promise<number> =>
    (await read()).items.find((item) => item.key === prefix + key)?.modifyIndex ?? 0;

  beforeAll(() => {
    client = makeClient();
  });

  afterAll(() => client.close());

  it('answers an empty prefix with no items and an index', async () => {
    const { index, items } = await read();
    expect(items).toEqual([]);
    expect(index).toBeGreaterThan(0);
  });

  it('writes only at the index named', async () => {
    expect(await client.put(`${prefix}a`, 'one', 0)).toBe(true);
    expect(await client.put(`${prefix}a`, 'two', 0)).toBe(false);
    const index = await indexOf('a');
    expect(await client.put(`${prefix}a`, 'zwei – 二', index)).toBe(true);
    expect(await client.put(`${prefix}a`, 'three', index)).toBe(false);
    expect((await read()).items).toEqual([
      { key: `${prefix}a`, value: 'zwei – 二', modifyIndex: expect.any(Number) as number },
    ]);
  });

  it('raises the index of a key with each write', async () => {
    const before = await indexOf('a');
    await client.put(`${prefix}a`, 'again', before);
    expect(await indexOf('a')).toBeGreaterThan(before);
  });

  it('waits for a change and answers soon after it', async () => {
    const { index } = await read();
    const waiting = read(index);
    await client.put(`${prefix}b`, 'new', 0);
    const answer = await waiting;
    expect(answer.items.map(({ key }) => key)).toContain(`${prefix}b`);
    expect(answer.index).toBeGreaterThan(index);
  });

  it('answers the same after the wait when nothing changed', async () => {
    const { index } = await read();
    expect((await read(index, 50)).index).toBe(index);
  });

  it('deletes a key and writes another at one index, or does neither', async () => {
    const index = await indexOf('b');
    expect(await client.deleteAndPut(`${prefix}b`, index - 1, `${prefix}pulse`, 'x')).toBe(false);
    expect(await indexOf('pulse')).toBe(0);
    expect(await client.deleteAndPut(`${prefix}b`, index, `${prefix}pulse`, 'x')).toBe(true);
    expect(await indexOf('b')).toBe(0);
    expect(await indexOf('pulse')).toBeGreaterThan(index);
  });

  it('lists a service while its check passes', async () => {
    const service = { name: `${prefix.slice(0, -1)}-service`, id: 'one', host: '127.0.0.1', port: 1 };
    expect(await client.passing(service.name)).toEqual([]);
    await client.register({ ...service, grpcCheck: '127.0.0.1:1/none', secure: false });
    await client.deregister('one');
    await until('it is gone', async () => (await client.passing(service.name)).length === 0);
  });

  it('ends a waiting call when it is closed', async () => {
    const other = makeClient();
    const { index } = await other.readAll(prefix, 0, 1000);
    const waiting = other.readAll(prefix, index, 60_000).catch(() => undefined);
    other.close();
    await waiting;
    expect((await read()).index).toBe(index);
  });
}
