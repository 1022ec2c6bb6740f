import { Backoff } from '../../../runtime/backoff';

describe('Backoff', () => {
  it('doubles the ceiling up to the maximum and starts anew after a success', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 500, random: () => 1 });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
      100, 200, 400, 500, 500,
    ]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('never waits less than a tenth of the first ceiling', () => {
    expect(new Backoff({ initialMs: 100, random: () => 0 }).next()).toBe(10);
  });
});
