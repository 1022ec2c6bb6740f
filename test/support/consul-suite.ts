import type { ConsulClient, ServiceInstance } from '../../runtime/consul';
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

  it('lists the instances of a service with what was registered, until they leave', async () => {
    const name = `${prefix.slice(0, -1)}-service`;
    const check = { http: 'http://127.0.0.1:1/' };
    const list = async (index = 0): Promise<readonly ServiceInstance[]> =>
      (await client.instances(name, index, 5000)).instances;
    expect(await list()).toEqual([]);
    expect(await client.isRegistered('one')).toBe(false);
    const { index } = await client.instances(name, 0, 0);
    const waiting = client.instances(name, index, 5000);
    await client.register({ name, id: 'one', host: '127.0.0.1', port: 1, meta: { zone: 'a' }, check });
    expect((await waiting).instances).toMatchObject([
      { id: 'one', host: '127.0.0.1', port: 1, tags: [], meta: { zone: 'a' } },
    ]);
    expect(await client.isRegistered('one')).toBe(true);
    await client.deregister('one');
    await until('it is gone', async () => (await list()).length === 0);
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
