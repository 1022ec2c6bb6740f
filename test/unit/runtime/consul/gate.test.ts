import { Gate } from '../../../../runtime/consul/gate';

/** Work that ends when it is told to. */
class Work {
  readonly started: number[] = [];
  readonly #ends = new Map<number, (error?: Error) => void>();

  do(id: number): Promise<number> {
    this.started.push(id);
    return new Promise((resolve, reject) => {
      this.#ends.set(id, (error) => (error === undefined ? resolve(id) : reject(error)));
    });
  }

  async end(id: number, error?: Error): Promise<void> {
    this.#ends.get(id)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a gate lets so many run at once, the others in order, whether work succeeds or fails', async () => {
  const gate = new Gate(2);
  const work = new Work();
  const all = [0, 1, 2, 3].map((id) => gate.run(() => work.do(id)));
  const settled = Promise.allSettled(all);
  expect(work.started).toEqual([0, 1]);
  await work.end(1, new Error('no'));
  expect(work.started).toEqual([0, 1, 2]);
  await work.end(0);
  expect(work.started).toEqual([0, 1, 2, 3]);
  await work.end(2);
  await work.end(3);
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  const last = gate.run(() => work.do(4));
  expect(work.started.at(-1)).toBe(4);
  await work.end(4);
  expect(await last).toBe(4);
});
