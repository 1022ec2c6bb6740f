import { Listener, Peer, PeerTable, canonicalIpv6 } from '../../../../sip-plane/transport';
import { Transport } from '../../../../proto';

describe('IPv6 addresses', () => {
  it.each([
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:C000:0201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalIpv6(text)).toBe(canonical);
  });

  it.each([
    '',
    '1',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::1.2.3.256',
    'g::',
    '1:2:3:4:5:6:7::8:9',
  ])('%s is none', (text) => {
    expect(canonicalIpv6(text)).toBeUndefined();
  });

  it('every spelling in a message is the same peer as the socket names', () => {
    const table = new PeerTable();
    const known = table.ofText('2001:db8::1', 5060);
    for (const text of ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', '2001:0db8::0001']) {
      const bytes = Buffer.from(text);
      expect(table.find(bytes, 0, bytes.length, 5060)).toBe(known);
      expect(table.ofBytes(bytes, 0, bytes.length, 5060)).toBe(known);
    }
    const mapped = Buffer.from('::ffff:192.0.2.1');
    expect(table.ofBytes(mapped, 0, mapped.length, 5060)).toBe(table.ofText('192.0.2.1', 5060));
  });

  it('stand in brackets where a port follows, and without them in received', () => {
    const peer = new Peer('2001:db8::1', 5060);
    expect(peer.hostPortBytes.toString()).toBe('[2001:db8::1]:5060');
    expect(peer.hostBytes.toString()).toBe('2001:db8::1');
  });
});

describe('what a listener calls itself', () => {
  it.each([
    [
      Transport.UDP,
      'Via: SIP/2.0/UDP',
      'sip:',
      '192.0.2.1:5070;transport=udp;lr',
      'sip:',
      '192.0.2.1:5070;transport=udp;lr',
    ],
    [
      Transport.TCP,
      'Via: SIP/2.0/TCP',
      'sip:',
      '192.0.2.1:5070;transport=tcp;lr',
      'sip:',
      '192.0.2.1:5070;transport=tcp;lr',
    ],
    [Transport.TLS, 'Via: SIP/2.0/TLS', 'sip:', '192.0.2.1:5070;transport=tls;lr', 'sips:', '192.0.2.1:5070;lr'],
    [
      Transport.WS,
      'Via: SIP/2.0/WS',
      'sip:',
      '192.0.2.1:5070;transport=ws;lr',
      'sip:',
      '192.0.2.1:5070;transport=ws;lr',
    ],
    [
      Transport.WSS,
      'Via: SIP/2.0/WSS',
      'sip:',
      '192.0.2.1:5070;transport=ws;lr',
      'sips:',
      '192.0.2.1:5070;transport=ws;lr',
    ],
  ])('VIA-4, WS-5, RT-9: %s', (transport, via, scheme, uri, secureScheme, secureUri) => {
    const listener = new Listener(0, 'external', transport, '192.0.2.1', 5070);
    expect(listener.viaPrefix.toString()).toBe(`${via} 192.0.2.1:5070;branch=z9hG4bK`);
    expect(listener.recordRoutePrefix.toString()).toBe(`Record-Route: <${scheme}`);
    expect(listener.recordRouteUri.toString()).toBe(uri);
    expect(listener.secureRecordRoutePrefix.toString()).toBe(`Record-Route: <${secureScheme}`);
    expect(listener.secureRecordRouteUri.toString()).toBe(secureUri);
  });
});
