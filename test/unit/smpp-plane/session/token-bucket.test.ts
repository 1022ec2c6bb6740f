import { TokenBucket } from '../../../../smpp-plane/session/token-bucket';

function passed(bucket: TokenBucket, times: readonly number[]): number {
  let count = 0;
  for (const nowMs of times) {
    if (!bucket.hasToken(nowMs)) continue;
    bucket.take(nowMs);
    count += 1;
  }
  return count;
}

const every = (ms: number, until: number): number[] => Array.from({ length: until / ms }, (_, i) => i * ms);

describe('TokenBucket', () => {
  test('lets a burst of half a second through, then the rate', () => {
    expect(
      passed(
        new TokenBucket(100, 0),
        Array.from({ length: 1000 }, () => 0),
      ),
    ).toBe(50);
    expect(passed(new TokenBucket(100, 0), every(1, 10_000))).toBeGreaterThanOrEqual(1048);
    expect(passed(new TokenBucket(100, 0), every(1, 10_000))).toBeLessThanOrEqual(1050);
  });

  test('a rate below one a second still lets one through now and then', () => {
    expect(passed(new TokenBucket(0.5, 0), every(100, 10_000))).toBe(5);
  });

  test('saves up no more than its burst', () => {
    const bucket = new TokenBucket(10, 0);
    expect(
      passed(
        bucket,
        Array.from({ length: 100 }, () => 1_000_000),
      ),
    ).toBe(5);
  });
});
