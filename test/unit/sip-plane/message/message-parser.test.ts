import { HeaderKind, MessageParser, MessageView, Method, Reject } from '../../../../sip-plane/message';
import { request } from '../../../support/sip-messages';

const parser = new MessageParser({ maxHeaders: 40, maxMessageBytes: 4000, maxUriBytes: 300 });

function parse(text: string): MessageView {
  const view = new MessageView(40);
  const bytes = Buffer.from(text, 'latin1');
  parser.parseDatagram(view, bytes, 0, bytes.length);
  return view;
}

const rejectOf = (text: string): number => parse(text).reject;
const nameOf = (code: number): string => Object.entries(Reject).find(([, value]) => value === code)?.[0] ?? '?';

const without = (name: string): string =>
  request()
    .split('\r\n')
    .filter((line) => !line.startsWith(`${name}:`))
    .join('\r\n');

describe('what is accepted', () => {
  it('reads the parts of a request', () => {
    const view = parse(request({ body: 'hello', extra: ['Route: <sip:a;lr>, <sip:b;lr>', 'Route: <sip:c>'] }));
    expect(nameOf(view.reject)).toBe('NONE');
    expect(view.method).toBe(Method.INVITE);
    expect(view.cseq).toBe(1);
    expect(view.maxForwards).toBe(70);
    expect(view.contentLength).toBe(5);
    expect(view.callId).toBe('call1@example.com');
    expect(view.inDialog).toBe(false);
    expect(view.text(view.from.tagStart, view.from.tagEnd)).toBe('a1');
    expect(view.text(view.topVia.branchStart, view.topVia.branchEnd)).toBe('z9hG4bKclient1');
    expect(view.text(view.bodyStart, view.end)).toBe('hello');
    const route = view.header(HeaderKind.ROUTE);
    expect(view.next(route)).toBeGreaterThan(route);
    expect(view.next(view.next(route))).toBe(-1);
  });

  it.each([
    ['VAL-1: an unknown method', request({ method: 'NEWMETHOD' })],
    ['VAL-1: an unknown header with odd content', request({ extra: ['Odd: ;;,,;;,;'] })],
    ['VAL-2: a malformed header that a proxy does not need', request({ extra: ['Date: yesterday', 'Contact: <<<'] })],
    ['VAL-5: no Max-Forwards', request({ maxForwards: '' })],
    ['VAL-9: a Max-Forwards above 255', request({ maxForwards: '300' })],
    ['VAL-9: a Max-Forwards that is no number', request({ maxForwards: 'many' })],
    [
      'FRM-9: compact names in any case and blanks before the colon',
      'INVITE sip:b@x SIP/2.0\r\nv : SIP/2.0/UDP h;branch=z9hG4bK1\r\nF: <sip:a@x>;tag=1\r\nT:<sip:b@x>\r\nI :1\r\ncSeQ:1 INVITE\r\nL: 0\r\n\r\n',
    ],
    [
      'FRM-10: folded lines',
      'INVITE sip:b@x SIP/2.0\r\nVia: SIP / 2.0\r\n /UDP\r\n\th;branch=z9hG4bK1\r\nFrom: <sip:a@x>\r\n ;tag=1\r\nTo:\r\n <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1\r\n INVITE\r\n\r\n',
    ],
    ['FRM-3: line ends before the start line', `\r\n\r\n${request()}`],
    ['FRM-11: NUL and other bytes in quoted strings', request({ from: '"\0\xff\\"" <sip:a@x>;tag=1' })],
    ['a tel URI', request({ uri: 'tel:+1234' })],
    ['an emergency URN', request({ uri: 'urn:service:sos' })],
    ['a question mark in the user part', request({ uri: 'sip:what?@example.com' })],
    ['equal Content-Lengths', request({ extra: ['l: 0'] })],
    ['a From without tag, as RFC 2543 clients send it', request({ from: 'sip:a@example.com' })],
  ])('%s', (_, text) => {
    expect(nameOf(rejectOf(text))).toBe('NONE');
  });

  it('FRM-10: reads a folded value to its end', () => {
    const view = parse(
      'INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n ;branch=z9hG4bK1\r\nFrom: <sip:a@x>\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n',
    );
    expect(view.text(view.topVia.branchStart, view.topVia.branchEnd)).toBe('z9hG4bK1');
  });

  it('FRM-7: a datagram ends at Content-Length, or at its end without one', () => {
    const view = parse(`${request({ body: 'abc' })}trailing`);
    expect(view.reject).toBe(Reject.NONE);
    expect(view.text(view.bodyStart, view.end)).toBe('abc');
    const open = parse(request({ body: '' }).replace('Content-Length: 0\r\n', '') + 'all of this');
    expect(open.text(open.bodyStart, open.end)).toBe('all of this');
  });

  it.each([
    ['SIP/2.0 200 OK', 200],
    ['SIP/2.0 100 ', 100],
    ['SIP/2.0 183', 183],
    ['SIP/2.0 699 \xd1\x87\xd1\x82\xd0\xbe', 699],
  ])('a response that begins with %s', (line, status) => {
    const view = parse(`${line}\r\n${request().split('\r\n').slice(1).join('\r\n')}`);
    expect(nameOf(view.reject)).toBe('NONE');
    expect(view.isRequest).toBe(false);
    expect(view.status).toBe(status);
  });

  it('finds the affinity header by name when it is none of the known ones', () => {
    const custom = new MessageParser({ affinityHeader: 'X-Tenant' });
    const view = new MessageView();
    const bytes = Buffer.from(request({ extra: ['x-tenant: blue'] }));
    custom.parseDatagram(view, bytes, 0, bytes.length);
    const index = view.header(custom.names.affinityKind);
    expect(view.text(view.valueStart(index), view.valueEnd(index))).toBe('blue');
  });
});

describe('what is rejected', () => {
  it.each([
    ['VAL-3: no Via', without('Via'), 'VIA'],
    ['VAL-3: no From', without('From'), 'FROM'],
    ['VAL-3: no To', without('To'), 'TO'],
    ['VAL-3: no Call-ID', without('Call-ID'), 'CALL_ID'],
    ['VAL-3: no CSeq', without('CSeq'), 'CSEQ'],
    ['VAL-3: a Via that cannot be read', request({ via: 'UDP 192.0.2.15;;,;,,' }), 'VIA'],
    ['VAL-3: a Via port out of range', request({ via: 'UDP h:66000;branch=z9hG4bK1' }), 'VIA'],
    ['VAL-3: a CSeq without method', request({ cseq: '1' }), 'CSEQ'],
    ['VAL-4: an unknown scheme', request({ uri: 'nobodyKnowsThisScheme:totallyopaquecontent' }), 'SCHEME'],
    ['VAL-4: http', request({ uri: 'http://example.com' }), 'SCHEME'],
    ['VAL-13: another version', request().replace('SIP/2.0\r\n', 'SIP/7.0\r\n'), 'VERSION'],
    ['VAL-14: a CSeq of another method', request({ cseq: '1 BYE' }), 'CSEQ_METHOD'],
    [
      'VAL-14: a CSeq that differs from an unknown method',
      request({ method: 'NEWMETHOD', cseq: '1 INVITE' }),
      'METHOD',
    ],
    ['VAL-15: a CSeq of 2^32', request({ cseq: '4294967296 INVITE' }), 'CSEQ'],
    ['VAL-15: a CSeq far too large', request({ cseq: '36893488147419103232 INVITE' }), 'CSEQ'],
    ['VAL-17: a URI that is too long', request({ uri: `sip:${'a'.repeat(300)}@example.com` }), 'URI_TOO_LONG'],
    ['VAL-17: a message that is too long', request({ body: 'x'.repeat(4000) }), 'TOO_LARGE'],
    ['VAL-18: two To', request({ extra: ['t: <sip:other@example.com>'] }), 'DUPLICATE'],
    ['VAL-18: two From', request({ extra: ['f: <sip:other@example.com>;tag=2'] }), 'DUPLICATE'],
    ['VAL-18: two Call-IDs', request({ extra: ['i: 2'] }), 'DUPLICATE'],
    ['VAL-18: two CSeqs', request({ extra: ['CSeq: 1 INVITE'] }), 'DUPLICATE'],
    ['VAL-18: two Max-Forwards', request({ extra: ['Max-Forwards: 70'] }), 'DUPLICATE'],
    ['VAL-18: conflicting Content-Lengths', request({ extra: ['l: 5'] }), 'CONTENT_LENGTH'],
    [
      'FRM-5: a negative Content-Length',
      request().replace('Content-Length: 0', 'Content-Length: -999'),
      'CONTENT_LENGTH',
    ],
    [
      'FRM-5: a Content-Length that is no number',
      request().replace('Content-Length: 0', 'Content-Length: 1x'),
      'CONTENT_LENGTH',
    ],
    [
      'FRM-7: a datagram shorter than its Content-Length',
      request().replace('Content-Length: 0', 'Content-Length: 9999'),
      'TRUNCATED',
    ],
    [
      'FRM-12: too many headers',
      request({ extra: Array.from({ length: 40 }, (_, i) => `X-${i}: 1`) }),
      'HEADERS_TOO_MANY',
    ],
    ['an unterminated quote in To', request({ to: '"Mr. J. User <sip:j.user@example.com>' }), 'TO'],
    [
      'a display name with an unquoted comma',
      request({ from: 'Bell, Alexander <sip:a.g.bell@example.com>;tag=43' }),
      'FROM',
    ],
    ['blanks inside the angle brackets of To', request({ to: '"Watson, Thomas" < sip:t.watson@example.org >' }), 'TO'],
    ['angle brackets around the Request-URI', request({ uri: '<sip:user@example.com>' }), 'REQUEST_URI'],
    ['a blank inside the Request-URI', request({ uri: 'sip:user@example.com; lr' }), 'START_LINE'],
    ['double blanks in the request line', request().replace('INVITE ', 'INVITE  '), 'START_LINE'],
    ['blanks after the version', request().replace('SIP/2.0\r\n', 'SIP/2.0  \r\n'), 'START_LINE'],
    ['headers in the Request-URI', request({ uri: 'sip:user@example.com?Route=%3Csip:x%3E' }), 'REQUEST_URI'],
    ['IPv6 without brackets', request({ uri: 'sip:2001:db8::10' }), 'REQUEST_URI'],
    [
      'a bare line feed, which others would take for a line end',
      request({ extra: ['X-A: 1\nRoute: <sip:evil>'] }),
      'HEADER',
    ],
    ['a bare carriage return', request({ extra: ['X-A: 1\rRoute: <sip:evil>'] }), 'HEADER'],
    ['a header line without colon', request({ extra: ['nonsense'] }), 'HEADER'],
    ['a head without end', request().replace('\r\n\r\n', '\r\n'), 'TRUNCATED'],
  ])('%s', (_, text, reason) => {
    expect(nameOf(rejectOf(text))).toBe(reason);
  });

  it.each([
    ['VIA-12: a status above 699', 'SIP/2.0 700 X', 'STATUS'],
    ['VIA-12: a status below 100', 'SIP/2.0 099 X', 'STATUS'],
    ['VIA-12: a status of ten digits', 'SIP/2.0 4294967301 better not break the receiver', 'STATUS'],
    ['VIA-12: another version', 'SIP/3.0 200 OK', 'VERSION'],
  ])('%s', (_, line, reason) => {
    expect(nameOf(rejectOf(`${line}\r\n${request().split('\r\n').slice(1).join('\r\n')}`))).toBe(reason);
  });

  it('keeps what is needed to answer after an early fault', () => {
    const view = parse(request({ uri: 'nobodyKnows:x' }));
    expect(view.header(HeaderKind.VIA)).toBeGreaterThanOrEqual(0);
    expect(view.topVia.rport).toBe(0);
    expect(view.callId).toBe('call1@example.com');
  });

  it('never throws, whatever bytes come', () => {
    let state = 42;
    const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
    const base = Buffer.from(request({ body: 'v=0\r\n', extra: ['Route: <sip:a;lr>, "q" <sip:b>'] }), 'latin1');
    const view = new MessageView(40);
    for (let i = 0; i < 20_000; i += 1) {
      const bytes = Buffer.from(base);
      for (let j = 0; j < 1 + random() * 6; j += 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const end = Math.floor(random() * bytes.length);
      parser.parseDatagram(view, bytes, 0, random() < 0.5 ? bytes.length : end);
      expect(view.end).toBeLessThanOrEqual(bytes.length);
    }
  });
});
