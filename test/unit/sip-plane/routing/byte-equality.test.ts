import { Transport, Protocol } from '../../../../proto';
import { testNode } from '../../../support/fake-core';
import { seededRandom } from '../../../support/seeded-random';
import { DeciderFixture } from '../../../support/sip-decider';
import { request } from '../../../support/sip-messages';
import { TORTURE } from '../../../support/torture';

const plane = new DeciderFixture([
  testNode('app1', [{ protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.11', port: 5060 }]),
]);

/** Header lines that a proxy may touch, folded lines included. */
const TOUCHED = /^(via|v|route|record-route|max-forwards|x-sip-balancer-[a-z]+)[ \t]*:/i;

/** A message as its lines that no proxy may touch: start line, other headers with their folds, and the body. */
function untouched(text: string): string[] {
  const end = text.indexOf('\r\n\r\n');
  const lines = text.slice(0, end).split(/\r\n(?![ \t])/);
  return [...lines.filter((line) => !TOUCHED.test(line)), text.slice(end)];
}

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'REGISTER',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'MESSAGE',
  'UPDATE',
  'PUBLISH',
  'NEWMETHOD',
];
const EXTRAS = [
  'Contact: <sip:a@192.0.2.1:5062;transport=udp>;expires=60',
  'm:"odd \\"quoting\\"" <sip:a@b>;q=0.3',
  'Subject:\r\n folded\r\n\tand folded again',
  'X-Empty:',
  'X-Bytes: \x00\x01\xff\xfe',
  'Authorization: Digest username="a", uri="sip:x", response="0"',
  'Content-Type: application/sdp',
  'Route: <sip:198.51.100.1;lr>, <sip:other.example.com;lr>',
  'Record-Route: <sip:before.example.com;lr>',
  'Max-Breadth: 60',
  'x-sip-balancer-initialremoteaddr: 6.6.6.6',
];

/** 300 requests, each of other parts. */
function corpus(): string[] {
  const random = seededRandom(4475);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  return Array.from({ length: 300 }, (_, i) =>
    request({
      method: pick(METHODS),
      callId: `equal${i}`,
      via: `UDP ${pick(['192.0.2.1', 'client.example.com:5070'])};branch=z9hG4bKeq${i}${pick(['', ';rport', ';received=1.2.3.4'])}`,
      uri: pick(['sip:bob@example.com', 'sip:bob@example.com:5070;a=b', 'tel:+15551234', 'sips:bob@example.com']),
      maxForwards: pick(['', '70', '1', '300', '0068']),
      extra: EXTRAS.filter(() => random() < 0.4),
      body: pick(['', 'v=0\r\n', '\r\n\r\n', String.fromCharCode(...Array.from({ length: 256 }, (__, byte) => byte))]),
    }),
  );
}

describe('STL-15: what a proxy may not touch', () => {
  it.each([['external'], ['internal']] as const)('is byte-identical in 300 requests that came to the %s leg', (leg) => {
    let forwarded = 0;
    for (const text of corpus()) {
      const from = leg === 'external' ? {} : { leg, host: '10.0.0.11' };
      // A node's request to a name or another scheme is not forwarded here; its bytes are the same question.
      const sent =
        leg === 'internal' ? text.replace(/ (sips?:bob@example.com|tel:\+15551234)/, ' sip:bob@203.0.113.7') : text;
      const own = leg === 'internal' ? sent.replace(/Route: <sip:198[^\r]*\r\n/, '') : sent;
      expect(untouched(plane.forward(own, from))).toEqual(untouched(own));
      forwarded += 1;
    }
    expect(forwarded).toBe(300);
  });

  it('is byte-identical in the torture messages that are forwarded', () => {
    const requests = TORTURE.filter(({ wanted, bytes }) => wanted === 'forward' && !bytes.includes('OWN_VIA'));
    expect(requests.length).toBeGreaterThan(30);
    for (const { name, bytes } of requests) {
      const text = bytes.toString('latin1');
      const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(text)?.[1] ?? Number.NaN);
      const whole = Number.isNaN(length) ? text : text.slice(0, text.indexOf('\r\n\r\n') + 4 + length);
      expect([name, untouched(plane.forward(text))]).toEqual([name, untouched(whole)]);
    }
  });
});
