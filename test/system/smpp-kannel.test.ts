import { Kannel } from '../support/kannel';
import { describeWith } from '../support/peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { ToySmsc } from '../support/toy-smsc';
import { until } from '../support/until';

const COUNT = 1000;

function textOf(i: number): string {
  if (i % 10 === 3) return `long ${i} ${'0123456789'.repeat(19)}`;
  return i % 10 === 7 ? `ucs2 ${i} Привет, 世界` : `text ${i}`;
}

async function inBatches(count: number, size: number, task: (i: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += size) {
    await Promise.all(Array.from({ length: Math.min(size, count - from) }, (_, n) => task(from + n)));
  }
}

describeWith('bearerbox', 'Kannel as an ESME through the plane, an SMSC of the smpp package behind it', () => {
  describe.each(['session', 'pool'] as const)('in %s mode', (mode) => {
    let smsc: ToySmsc;
    let plane: TestSmppPlane;
    let kannel: Kannel;

    beforeAll(async () => {
      smsc = await ToySmsc.start();
      plane = await startTestPlane([smscNode('toy', smsc)], { mode, pool: testSmppConfig().pool });
      kannel = await new Kannel().start(plane.address, 'kannel');
    }, 60_000);

    afterAll(async () => {
      await kannel.stop();
      await plane.close();
      await smsc.close();
    }, 60_000);

    it(`carries ${COUNT} texts, long and UCS-2 ones among them, with a receipt each: none lost, none twice`, async () => {
      await inBatches(COUNT, 20, (i) => kannel.send(String(i), textOf(i), i % 10 === 7));
      const parts = COUNT + COUNT / 10;
      await until('all have come', () => smsc.submitted.length >= parts, 60_000);
      await until('all are reported', () => new Set(kannel.delivered).size === COUNT, 60_000);
      expect(smsc.submitted).toHaveLength(parts);
      const whole = smsc.submitted.map(({ text }) => text).filter((text) => /^(text|ucs2) /.test(text));
      const expected = Array.from({ length: COUNT }, (_, i) => textOf(i)).filter((text) => !text.startsWith('long'));
      expect(whole.toSorted()).toEqual(expected.toSorted());
      expect(kannel.delivered.toSorted()).toEqual(Array.from({ length: COUNT }, (_, i) => String(i)).toSorted());
      expect(smsc.answers.every((status) => status === 0)).toBe(true);
    }, 150_000);

    it(`carries ${COUNT} texts the other way`, async () => {
      for (let i = 0; i < COUNT; i += 1) smsc.deliver(`reply ${i}`);
      await until('all have come', () => kannel.received.length >= COUNT, 60_000);
      expect(kannel.received.toSorted()).toEqual(Array.from({ length: COUNT }, (_, i) => `reply ${i}`).toSorted());
    }, 90_000);

    it('has nothing to find fault with: no late answer, no timeout, no reject', () => {
      const counters = plane.core.counters.snapshotCounters();
      const faults = [...counters].filter(([name, value]) => /rejects|timeouts|late/.test(name) && value > 0);
      expect(faults).toEqual([]);
      expect(plane.gauge('smpp.inFlight')).toBe(0);
    });
  });
});
