import { Peer, RateLimiter } from '../../../../sip-plane/transport';

const peer = (host: string, port = 5060): Peer => new Peer(host, port);

describe('the rate limit per source', () => {
  it('lets a burst through, then as many as were agreed', () => {
    const limiter = new RateLimiter(10, 3);
    const taken = (at: number): boolean => limiter.take(peer('192.0.2.1'), at);
    expect([0, 0, 0, 0].map(taken)).toEqual([true, true, true, false]);
    expect([100, 100, 200].map(taken)).toEqual([true, false, true]);
    expect(Array.from({ length: 5 }, () => taken(60_000))).toEqual([true, true, true, false, false]);
  });

  it('counts an address whatever its port, and each address by itself', () => {
    const limiter = new RateLimiter(1, 1);
    expect(limiter.take(peer('192.0.2.1', 1), 0)).toBe(true);
    expect(limiter.take(peer('192.0.2.1', 2), 0)).toBe(false);
    expect(limiter.take(peer('192.0.2.2', 1), 0)).toBe(true);
  });

  it('counts the 64 bits of an IPv6 address that one user has', () => {
    const limiter = new RateLimiter(1, 1);
    expect(limiter.take(peer('2001:db8:0:1::1'), 0)).toBe(true);
    expect(limiter.take(peer('2001:db8:0:1:ffff::2'), 0)).toBe(false);
    expect(limiter.take(peer('2001:db8:0:2::1'), 0)).toBe(true);
    expect(limiter.take(peer('::1'), 0)).toBe(true);
  });

  it('never limits a node', () => {
    const limiter = new RateLimiter(1, 1);
    const node = peer('192.0.2.1');
    node.node = {} as never;
    expect([1, 2, 3].every(() => limiter.take(node, 0))).toBe(true);
  });

  it('keeps a bounded number of sources', () => {
    const limiter = new RateLimiter(1, 1);
    for (let i = 0; i < 200_000; i += 1) limiter.take({ source: i, node: undefined } as Peer, 0);
    expect(limiter.size).toBeLessThanOrEqual(131_072);
  });
});
