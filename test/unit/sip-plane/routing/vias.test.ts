import { Transport } from '../../../../proto';
import { app1, clientVia, inside, nodeAt } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { header, headers, request } from '../../../support/sip-messages';

/** A request with a body and no Content-Length. */
const bare = (branch: string): string =>
  `${request({ via: clientVia(branch) }).replace('Content-Length: 0\r\n', '')}abc`;

describe('Via', () => {
  const plane = new DeciderFixture([app1]);
  const topOf = (text: string, from = {}): string => headers(plane.forward(text, from), 'Via')[1] ?? '';

  it.each([
    [
      'VIA-1: adds received when the source differs',
      'UDP client.example.com;branch=z9hG4bK1',
      'SIP/2.0/UDP client.example.com;branch=z9hG4bK1;received=192.0.2.1',
    ],
    [
      'VIA-1: leaves a Via alone whose host is the source',
      'UDP 192.0.2.1:5060;branch=z9hG4bK1',
      'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
    ],
    [
      'VIA-2: fills rport and always adds received then',
      'UDP 192.0.2.1;rport;branch=z9hG4bK1',
      'SIP/2.0/UDP 192.0.2.1;rport=7777;branch=z9hG4bK1;received=192.0.2.1',
    ],
    [
      'VIA-1: replaces a received that the sender wrote itself',
      'UDP h;received=203.0.113.9;branch=z9hG4bK1',
      'SIP/2.0/UDP h;received=192.0.2.1;branch=z9hG4bK1',
    ],
    [
      'VIA-2: replaces an rport that the sender wrote itself',
      'UDP 192.0.2.1;branch=z9hG4bK1;rport=9',
      'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport=7777;received=192.0.2.1',
    ],
    [
      'RFC 5118 4.5: writes an IPv6 received without brackets',
      'UDP [2001:db8::9]:5060;branch=z9hG4bK1',
      'SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1;received=2001:db8::1',
      '2001:db8::1',
    ],
  ])('%s', (_, value, expected, host = '192.0.2.1') => {
    expect(topOf(request({ via: value }), { host, port: 7777 })).toBe(expected);
  });

  it('keeps values of one line and of many lines in order', () => {
    const text = request({ via: 'UDP 192.0.2.1;branch=z9hG4bK1 , SIP/2.0/TCP a', extra: ['v: SIP/2.0/SCTP b'] });
    const got = plane.forward(text);
    expect(headers(got, 'Via')[1]).toBe('SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1 , SIP/2.0/TCP a');
    expect(headers(got, 'v')).toEqual(['SIP/2.0/SCTP b']);
  });

  it('VIA-4: names the leg, the transport used and the port', () => {
    expect(header(plane.forward(request()), 'Via')).toMatch(/^SIP\/2\.0\/UDP 10\.0\.0\.1:5065;branch=z9hG4bK/);
    expect(
      header(plane.forward(request({ via: 'TCP 192.0.2.1;branch=z9hG4bKt' }), { transport: Transport.TCP }), 'Via'),
    ).toMatch(/^SIP\/2\.0\/TCP 10\.0\.0\.1:5065;/);
    const out = request({ uri: 'sip:bob@203.0.113.5', via: 'UDP 10.0.0.11:5060;branch=z9hG4bKn' });
    expect(header(plane.forward(out, inside), 'Via')).toMatch(/^SIP\/2\.0\/UDP 198\.51\.100\.1:5060;/);
  });

  it('VIA-14: takes TCP for what would be too long for UDP, and keeps CANCEL with it', () => {
    expect(plane.decide(request({ via: clientVia('z9hG4bKbig'), body: 'x'.repeat(1000) })).exit?.transport).toBe(
      Transport.TCP,
    );
    expect(plane.decide(request({ method: 'CANCEL', via: clientVia('z9hG4bKbig') })).exit?.transport).toBe(
      Transport.TCP,
    );
    const udpOnly = new DeciderFixture([nodeAt('udp', '10.0.0.13', {}, [Transport.UDP])]);
    expect(udpOnly.decide(request({ body: 'x'.repeat(1000) })).exit?.transport).toBe(Transport.UDP);
  });

  it('FRM-8: adds Content-Length when it is missing and a stream follows', () => {
    expect(headers(plane.forward(bare('z9hG4bKf1'), { transport: Transport.TCP }), 'Content-Length')).toEqual(['3']);
    expect(headers(plane.forward(bare('z9hG4bKf2')), 'Content-Length')).toEqual([]);
  });
});
