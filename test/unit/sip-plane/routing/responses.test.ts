import { Drop } from '../../../../sip-plane/routing';
import { app1, inside } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request, responseTo } from '../../../support/sip-messages';

describe('responses', () => {
  let plane: DeciderFixture;
  beforeEach(() => {
    plane = new DeciderFixture([app1]);
  });

  const forwarded = (viaValue: string, host = '192.0.2.1', port = 5060): string =>
    plane.forward(request({ via: viaValue }), { host, port });

  it.each([
    ['VIA-8: received and rport', 'UDP client.example.com;branch=z9hG4bK1;rport', '192.0.2.1', 7777, '192.0.2.1', 7777],
    [
      'VIA-8: received and the port of sent-by',
      'UDP client.example.com:5099;branch=z9hG4bK1',
      '192.0.2.1',
      7777,
      '192.0.2.1',
      5099,
    ],
    ['VIA-8: received and 5060', 'UDP client.example.com;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.1', 5060],
    ['VIA-8: sent-by', 'UDP 192.0.2.1:5070;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.1', 5070],
    ['VIA-8: maddr', 'UDP 192.0.2.1:5070;maddr=192.0.2.9;branch=z9hG4bK1', '192.0.2.1', 7777, '192.0.2.9', 5070],
  ])('%s', (_, value, host, port, targetHost, targetPort) => {
    expect(plane.respond(responseTo(forwarded(value, host, port), '200 OK'))).toBe(Drop.NONE);
    expect(plane.responses.target?.host).toBe(targetHost);
    expect(plane.responses.target?.port).toBe(targetPort);
    expect(plane.responses.exit?.index).toBe(0);
  });

  it('VIA-9: leave by the listener that the request came to', () => {
    const out = plane.forward(request({ uri: 'sip:b@203.0.113.7', via: 'UDP 10.0.0.11;branch=z9hG4bKn' }), inside);
    expect(plane.respond(responseTo(out, '200 OK'))).toBe(Drop.NONE);
    expect(plane.responses.exit?.index).toBe(2);
  });

  it('VIA-5: a response whose top Via is not ours is dropped', () => {
    expect(
      plane.respond(
        responseTo(
          request({ via: 'UDP 203.0.113.1;branch=z9hG4bK1', extra: ['Via: SIP/2.0/UDP 192.0.2.5'] }),
          '200 OK',
        ),
      ),
    ).toBe(Drop.FOREIGN_RESPONSE);
    expect(
      plane.respond(
        responseTo(
          request({ via: 'UDP 10.0.0.1:5065;branch=z9hG4bKnotours', extra: ['Via: SIP/2.0/UDP 192.0.2.5'] }),
          '200 OK',
        ),
      ),
    ).toBe(Drop.FOREIGN_RESPONSE);
  });

  it('VIA-6: a response with only our Via is dropped', () => {
    const text = forwarded('UDP 192.0.2.1;branch=z9hG4bK1').replace(/Via: SIP\/2\.0\/UDP 192[^\r]*\r\n/, '');
    expect(plane.respond(responseTo(text, '200 OK'))).toBe(Drop.NO_NEXT_VIA);
  });

  it.each(['255.255.255.255', '0.0.0.0', '224.0.1.75'])('VIA-10: nothing is sent to %s', (host) => {
    const text = forwarded('UDP 192.0.2.1;branch=z9hG4bK1').replace('UDP 192.0.2.1;', `UDP ${host};`);
    expect(plane.respond(responseTo(text, '200 OK'))).toBe(Drop.UNSENDABLE);
  });

  it('VIA-11, RT-13: only our Via goes, in a line of its own or before a comma', () => {
    const answer = responseTo(forwarded('UDP 192.0.2.1;branch=z9hG4bK1'), '200 OK');
    plane.respond(answer);
    const expected = answer
      .split('\r\n')
      .filter((_, index) => index !== 1)
      .join('\r\n');
    expect(plane.response()).toBe(expected);
    const theirs = headers(answer, 'Via')[1] ?? '';
    const joined = answer.replace(`Via: ${theirs}\r\n`, '').replace(/(Via: [^\r]*)\r/, `$1 ,\r\n ${theirs}\r`);
    expect(plane.respond(joined)).toBe(Drop.NONE);
    expect(headers(plane.response(), 'Via')).toEqual([theirs]);
  });

  it('VIA-12: an unparsable response is dropped', () => {
    expect(
      plane.respond(
        responseTo(forwarded('UDP 192.0.2.1;branch=z9hG4bK1'), '200 OK').replace('CSeq: 1', 'CSeq: 99999999999'),
      ),
    ).toBe(Drop.BAD_RESPONSE);
  });
});
