import { RateLimiter } from '../../../../control-plane/access';
import { FakeClock } from '../../../support/fake-clock';

const taken = (limiter: RateLimiter, key: string, times: number): number =>
  Array.from({ length: times }, () => limiter.take(key)).filter(Boolean).length;

test('so many at once, and then so many per second', () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter({ perSecond: 10, burst: 100, clock });
  expect(taken(limiter, 'a', 150)).toBe(100);
  clock.advance(500);
  expect(taken(limiter, 'a', 150)).toBe(5);
  clock.advance(60_000);
  expect(taken(limiter, 'a', 150)).toBe(100);
});

test('one key does not pay for another', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1, clock: new FakeClock() });
  expect([limiter.take('a'), limiter.take('a'), limiter.take('b')]).toEqual([true, false, true]);
});

test('keys are bounded: the one that was quiet for longest is forgotten', () => {
  const limiter = new RateLimiter({ perSecond: 1, burst: 1, clock: new FakeClock(), maxKeys: 2 });
  for (const key of ['a', 'b', 'a', 'c']) limiter.take(key);
  expect(limiter.take('a')).toBe(false);
  expect(limiter.take('b')).toBe(true);
});
