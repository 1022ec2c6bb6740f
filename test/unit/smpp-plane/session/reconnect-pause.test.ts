import { rebindPatience, reconnectPause } from '../../../../smpp-plane/session';

const limits = { reconnectMs: 100, reconnectMaxMs: 1000, rebindRounds: 6 };

describe('pauses between binds', () => {
  it.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [1000, 1000],
  ])('after failure %d it is %d ms, a quarter more or less', (failures, mean) => {
    const pause = (chance: number): number => reconnectPause({ limits, random: () => chance }, failures);
    expect([pause(0), pause(0.5), pause(1)]).toEqual([mean * 0.75, mean, mean * 1.25]);
  });

  it('patience is the sum of those of all rounds', () => {
    expect(rebindPatience(limits)).toBe(100 + 200 + 400 + 800 + 1000 + 1000);
    expect(rebindPatience({ ...limits, rebindRounds: 0 })).toBe(0);
  });
});
