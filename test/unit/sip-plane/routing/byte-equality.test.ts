import { Protocol, Transport } from '../../../../proto';
import { Action } from '../../../../sip-plane/routing';
import { testNode } from '../../../support/fake-core';
import { randomBytes, seededRandom } from '../../../support/seeded-random';
import { DeciderFixture } from '../../../support/sip-decider';
import { request, responseTo } from '../../../support/sip-messages';
import { TORTURE } from '../../../support/torture';

/** Headers that a proxy may write, change or take away. */
const OURS =
  /^(via|v|record-route|route|max-forwards|path|content-length|l|x-sip-balancer-initialremote(addr|port))[ \t]*:/i;
const GENERATED = 300;

const app1 = testNode('app1', [
  { protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.11', port: 5060 },
  { protocol: Protocol.SIP, transport: Transport.TCP, host: '10.0.0.11', port: 5060 },
]);

interface Parts {
  readonly start: string;
  /** Whole header lines with their folds, those that a proxy may touch left out. */
  readonly lines: readonly string[];
  readonly body: string;
}

function partsOf(message: string): Parts {
  const end = message.indexOf('\r\n\r\n');
  const [start = '', ...lines] = message.slice(0, end).split(/\r\n(?![ \t])/);
  return { start, lines: lines.filter((line) => !OURS.test(line)), body: message.slice(end + 4) };
}

const HEADERS = [
  'Contact: "A, B" <sip:a;p=1@192.0.2.1:5060;ob;x="y">;q=0.5;+sip.instance="<urn:uuid:0>"',
  'm:<sip:caller@192.0.2.9>\t;  expires=3600',
  'Subject: folded\r\n  over\r\n\tlines',
  's: \xff\xfe bytes beyond ASCII \xe4',
  'Authorization: Digest username="a", realm="b", nonce="c,d", uri="sip:x", response="00"',
  'X-Empty:',
  'X-Odd   :   spaced   ',
  'User-Agent: thing/1.0 (comment (nested))',
  'Supported: path, outbound,,timer',
  'Replaces: abc@x;to-tag=1;from-tag=2',
  'X-Long: ' + 'z'.repeat(700),
  'Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000',
];

/** Requests of chance: every method, headers in any number and order, bodies of any bytes. */
function generated(): string[] {
  const random = seededRandom(2026);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: GENERATED }, (_, n) =>
    request({
      method: pick(['INVITE', 'REGISTER', 'MESSAGE', 'INFO', 'PUBLISH', 'SUBSCRIBE', 'BYE', 'FOO']),
      uri: pick([
        'sip:bob@example.com',
        'sips:b%20b;x=y@example.com;maddr=192.0.2.8?s=1',
        'tel:+1-201;phone-context=x',
      ]),
      callId: `equal${n}`,
      via: `UDP 192.0.2.1:5060;branch=z9hG4bKequal${n}${pick(['', ';rport', ';x="y;z"'])}`,
      extra: Array.from({ length: Math.floor(random() * 12) }, () => pick(HEADERS)),
      body: randomBytes(random, Math.floor(random() * 400)).toString('latin1'),
    }),
  );
}

const corpus = [...TORTURE.map(({ bytes }) => bytes.toString('latin1')), ...generated()];

it('STL-15, STL-16: what a proxy may not touch leaves byte by byte as it came, both ways, over the torture messages and 300 more', () => {
  const plane = new DeciderFixture([app1]);
  let [requests, responses] = [0, 0];
  for (const text of corpus) {
    if (plane.decide(text).action !== Action.FORWARD) continue;
    requests += 1;
    const came = partsOf(text.slice(0, plane.view.end));
    const forwarded = plane.forward(text);
    expect(partsOf(forwarded)).toEqual(came);
    const answer = responseTo(forwarded, '200 OK').replace(
      'Content-Length: 0\r\n\r\n',
      `${came.lines.filter((line) => /^(x-|s|m|subject|contact)/i.test(line)).join('\r\n')}\r\nX-End: 1\r\n\r\n${came.body}`.replace(
        /^\r\n/,
        '',
      ),
    );
    if (plane.respond(answer) !== 0) continue;
    responses += 1;
    expect(partsOf(plane.response())).toEqual(partsOf(answer.slice(0, plane.view.end)));
  }
  expect(requests).toBeGreaterThanOrEqual(200);
  expect(responses).toBeGreaterThanOrEqual(200);
});
