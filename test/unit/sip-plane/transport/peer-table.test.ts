import { PeerTable } from '../../../../sip-plane/transport';

describe('the table of peers', () => {
  it('gives one peer per address and port, however it is named', () => {
    const peers = new PeerTable();
    const peer = peers.ofText('192.0.2.10', 5060);
    const bytes = Buffer.from('x192.0.2.10y');
    expect(peers.ofIpv4(0xc000_020a, 5060)).toBe(peer);
    expect(peers.ofBytes(bytes, 1, 11, 5060)).toBe(peer);
    expect(peers.find(bytes, 1, 11, 5060)).toBe(peer);
    expect(peers.find(bytes, 1, 11, 5061)).toBeUndefined();
  });

  it('RFC 5118 4.8: takes IPv4 mapped into IPv6 for IPv4', () => {
    const peers = new PeerTable();
    expect(peers.ofText('::ffff:192.0.2.10', 5060)).toBe(peers.ofText('192.0.2.10', 5060));
  });

  it('knows IPv6 whatever its case', () => {
    const peers = new PeerTable();
    expect(peers.ofText('2001:DB8::1', 5060)).toBe(peers.ofText('2001:db8::1', 5060));
    expect(peers.ofText('2001:db8::2', 5060).hostPortBytes.toString()).toBe('[2001:db8::2]:5060');
  });

  it.each(['example.com', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.04', '1..2.3', ':::', ''])(
    '%j is no address',
    (text) => {
      const bytes = Buffer.from(text);
      expect(new PeerTable().ofBytes(bytes, 0, bytes.length, 5060)).toBeUndefined();
    },
  );

  it.each([
    ['192.0.2.1', true],
    ['127.0.0.1', true],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['239.1.1.1', false],
    ['::1', true],
    ['::', false],
    ['ff02::1', false],
  ])('VIA-10: may be sent to: %s %s', (host, expected) => {
    expect(new PeerTable().ofText(host, 5060).sendable).toBe(expected);
  });

  it('stays bounded under any number of strangers, and keeps what is pinned', () => {
    const peers = new PeerTable(100);
    const node = peers.ofText('10.0.0.1', 5060);
    peers.pin([node]);
    for (let i = 0; i < 10_000; i += 1) peers.ofIpv4(0x0b00_0000 + i, 5060);
    expect(peers.size).toBeLessThanOrEqual(201);
    expect(peers.ofText('10.0.0.1', 5060)).toBe(node);
  });
});
