import { TlsMaterial } from '../../../../runtime/tls';
import { TestCa } from '../../../support/certificates';
import { FakeClock } from '../../../support/fake-clock';
import { logLines } from '../../../support/log-lines';
import { describeWith } from '../../../support/peer';

const DAY = 86_400_000;

describeWith('openssl', 'the end of the own certificate', () => {
  let ca: TestCa;
  beforeAll(() => {
    ca = new TestCa();
  });
  afterAll(() => ca.close());

  it.each([
    [30, []],
    [10, [/ends soon/]],
    [-1, [/has ended/]],
  ])('%d days away is told at the start: %j', (days, expected) => {
    const { logger, lines } = logLines();
    const clock = new FakeClock();
    const today = new Date();
    clock.date = () => today;
    new TlsMaterial(ca.issue('server', { days }), { what: 'test', clock, logger }).close();
    expect(lines.map(({ msg }) => msg)).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });

  it('is told each day once it is near, and not after the close', () => {
    const { logger, lines } = logLines();
    const clock = new FakeClock();
    const start = clock.now();
    const today = Date.now();
    clock.date = () => new Date(today + clock.now() - start);
    const material = new TlsMaterial(ca.issue('server', { days: 16 }), {
      what: 'test',
      clock,
      logger,
      intervalMs: DAY,
    });
    expect(lines).toHaveLength(0);
    clock.advance(5 * DAY);
    expect(lines.length).toBeGreaterThanOrEqual(3);
    const told = lines.length;
    material.close();
    clock.advance(5 * DAY);
    expect(lines).toHaveLength(told);
  });
});
