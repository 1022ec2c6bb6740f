import { Duplex } from 'node:stream';
import { HttpFigures } from '../../../../http-plane/figures';
import { Tunnels } from '../../../../http-plane/tunnel';
import type { PlaneNode } from '../../../../data-plane';
import { Counters } from '../../../../runtime/counters';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore } from '../../../support/fake-core';
import { httpNode } from '../../../support/http-plane-fixture';
import { Protocol } from '../../../../proto';

/** An end of a tunnel whose peer ends when we do. */
function polite(): Duplex {
  const end: Duplex = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(),
    final(done) {
      end.push(null);
      done();
    },
  });
  return end;
}

const NONE = Buffer.alloc(0);

test('Q6: tunnels of a drained node end one by one within a second, others stay', async () => {
  const clock = new FakeClock();
  const figures = new HttpFigures(new Counters());
  const places = [0.1, 0.5, 0.9];
  const tunnels = new Tunnels({ clock, random: () => places.shift() ?? 0, figures, idleMs: 3_600_000 });
  const { table } = fakeCore(Protocol.HTTP, [httpNode('app1', 1), httpNode('app2', 2)]);
  const open = (id: string): Duplex => {
    const client = polite();
    const target = table.get(id) as PlaneNode;
    tunnels.open({ client, node: polite(), earlyOfClient: NONE, earlyOfNode: NONE, target });
    return client;
  };
  const drained = [open('app1'), open('app1'), open('app1')];
  const other = open('app2');
  tunnels.drained(new Set(['app1']));
  for (const [ms, ended] of [
    [50, 0],
    [100, 1],
    [400, 2],
    [400, 3],
  ] as const) {
    clock.advance(ms);
    expect(drained.filter(({ writableEnded }) => writableEnded)).toHaveLength(ended);
    expect(figures.tunnelsDrained.value).toBe(ended);
  }
  expect(other.writableEnded).toBe(false);
  await tunnels.close(0);
});

test('Q6: a tunnel that closed by itself in between is not counted', async () => {
  const clock = new FakeClock();
  const figures = new HttpFigures(new Counters());
  const tunnels = new Tunnels({ clock, random: () => 0.5, figures, idleMs: 3_600_000 });
  const target = fakeCore(Protocol.HTTP, [httpNode('app1', 1)]).table.get('app1') as PlaneNode;
  const client = polite();
  tunnels.open({ client, node: polite(), earlyOfClient: NONE, earlyOfNode: NONE, target });
  tunnels.drained(new Set(['app1']));
  client.destroy();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  clock.advance(1000);
  expect([figures.tunnels, figures.tunnelsDrained.value]).toEqual([0, 0]);
});
