import { ConsulStore } from '../../../../control-plane/consul';
import { nodeKey, recordOf, type Commit } from '../../../../control-plane/store';
import { Node, NodeRecord, StoredValue } from '../../../../proto';
import { systemClock } from '../../../../runtime/clock';
import { silentLogger } from '../../../../runtime/logger';
import { FakeConsul } from '../../../support/fake-consul';
import { until } from '../../../support/until';

let consul: FakeConsul;
let stores: ConsulStore[];

beforeEach(() => {
  consul = new FakeConsul();
  stores = [];
});

afterEach(async () => {
  for (const store of stores) await store.close();
});

function make(): ConsulStore {
  const store = new ConsulStore({
    client: consul.client(),
    prefix: 't/',
    clock: systemClock,
    random: () => 0,
    logger: silentLogger(),
  });
  stores.push(store);
  return store;
}

async function open(): Promise<ConsulStore> {
  const store = make();
  await store.open(2000);
  return store;
}

function value(nodeId: string, traceparent = ''): StoredValue {
  const content = { $case: 'node', value: NodeRecord.create({ node: Node.create({ nodeId }) }) } as const;
  return StoredValue.create({ traceparent, content });
}

function idAt(store: ConsulStore, key: string): string | undefined {
  return recordOf(store.get(key)?.value)?.node?.nodeId;
}

const A = nodeKey('a');
const B = nodeKey('b');

describe('a store in Consul', () => {
  it('is one store for all who open it: the same lineage, entries and index', async () => {
    const [one, two] = [await open(), await open()];
    const index = await one.compareAndSet(A, value('a'), 0);
    expect(index).toBe(one.index);
    await until('the other has it', () => two.index === index);
    expect(idAt(two, A)).toBe('a');
    expect(two.lineage).toBe(one.lineage);
    expect(one.lineage).not.toBe('');
  });

  it('lets the first of two writers win, and shows the other what is there', async () => {
    const [one, two] = [await open(), await open()];
    const results = await Promise.all([one.compareAndSet(A, value('one'), 0), two.compareAndSet(A, value('two'), 0)]);
    expect(results.filter((index) => index !== undefined)).toHaveLength(1);
    expect(idAt(one, A)).toBe(idAt(two, A));
  });

  it('raises its index with each deletion too, and tells the trace', async () => {
    const store = await open();
    const other = await open();
    const commits: Commit[] = [];
    other.watch((some) => void commits.push(...some));
    const index = (await store.compareAndSet(A, value('a', 'trace-1'), 0)) ?? 0;
    await until('the other has it', () => idAt(other, A) === 'a');
    expect(await store.delete(A, index - 1)).toBe(false);
    expect(await store.delete(A, index, 'trace-2')).toBe(true);
    expect(store.index).toBeGreaterThan(index);
    await until('the other knows', () => commits.some((commit) => commit.value === undefined));
    expect(commits.at(-1)).toMatchObject({ key: A, index: store.index, traceparent: 'trace-2' });
  });

  it.each([
    ['its agent is gone', 'connect ECONNREFUSED'],
    ['its agent does not answer', 'request timed out (3000ms)'],
    ['no server leads', 'internal server error: No cluster leader'],
  ])('keeps what it holds when %s, refuses to write, and goes on afterwards', async (_how, reason) => {
    const store = await open();
    consul.reason = reason;
    await store.compareAndSet(A, value('a'), 0);
    consul.cut();
    await until('it is frozen', () => store.frozen);
    expect(idAt(store, A)).toBe('a');
    await expect(store.compareAndSet(B, value('b'), 0)).rejects.toThrow('cut off from Consul');
    consul.down = false;
    await until('it is in step again', () => !store.frozen);
    expect(await store.compareAndSet(B, value('b'), 0)).toBe(store.index);
  });

  it('does not believe an empty list when its token has lost its rights', async () => {
    const store = await open();
    await store.compareAndSet(A, value('a'), 0);
    const { lineage } = store;
    const commits: Commit[] = [];
    store.watch((some) => void commits.push(...some));
    consul.powerless = true;
    consul.cut();
    consul.down = false;
    await until('it is frozen', () => store.frozen);
    expect(idAt(store, A)).toBe('a');
    consul.powerless = false;
    await until('it is in step again', () => !store.frozen);
    expect(store.lineage).toBe(lineage);
    expect(commits).toEqual([]);
  });

  it('writes back what it holds under a new lineage when Consul was wiped', async () => {
    const [one, two] = [await open(), await open()];
    await one.compareAndSet(A, value('a'), 0);
    await one.compareAndSet(B, value('b'), 0);
    await until('both have it', () => two.index === one.index);
    const { lineage } = one;
    let renewed = 0;
    two.onNewLineage(() => void (renewed += 1));
    consul.wipe();
    await until('both have the new lineage', () => one.lineage !== lineage && one.lineage === two.lineage);
    await until('both hold everything', () => [one, two].every((store) => idAt(store, A) && idAt(store, B)));
    expect(consul.keys()).toEqual(expect.arrayContaining(['t/nodes/a', 't/nodes/b']));
    expect(renewed).toBe(1);
  });

  it('takes a new lineage when an older state was restored, and loses nothing it holds', async () => {
    const store = await open();
    await store.compareAndSet(A, value('a'), 0);
    const restore = consul.backup();
    await store.compareAndSet(B, value('b'), 0);
    const { lineage } = store;
    restore();
    await until('the lineage is new', () => store.lineage !== lineage);
    expect([idAt(store, A), idAt(store, B)]).toEqual(['a', 'b']);
  });

  it('skips a value that cannot be read, and takes the others', async () => {
    const store = await open();
    await consul.client().put('t/nodes/bad', '{"node":', 0);
    expect(await store.compareAndSet(A, value('a'), 0)).toBe(store.index);
    expect(store.get(nodeKey('bad'))).toBeUndefined();
  });

  it('fails to open when there is no Consul', async () => {
    consul.down = true;
    await expect(make().open(100)).rejects.toThrow('within 100 ms');
  });
});
