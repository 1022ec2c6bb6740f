import { HeaderKind, MessageParser, MessageView, Reject, SCAN_INTS, ScanHash } from '../../../../sip-plane/message';
import { loadNativeUdp } from '../../../../sip-plane/native';
import { Transaction } from '../../../../sip-plane/routing/transaction';
import { randomBytes, seededRandom } from '../../../support/seeded-random';
import { request, responseTo } from '../../../support/sip-messages';
import { TORTURE } from '../../../support/torture';

const native = loadNativeUdp();
if (native === undefined) process.stderr.write('skipped: reading messages in the addon: it was not built here\n');

const SEED = 20_261_122;
const MUTATIONS = 40_000;
/** Bytes that mean something to the grammar, for mutations that get far. */
const TELLING = Buffer.from('\r\n \t:;,<>"\\@?=[]/%.0a~\0\xff', 'latin1');
const parser = new MessageParser({ affinityHeader: 'X-Key', maxHeaders: 30, maxUriBytes: 200 });
const { names, maxHeaders, maxUriBytes, maxMessageBytes } = parser.scanRules;

/** The public fields of a part. */
const fields = (part: object): unknown => Object.fromEntries(Object.entries(part));

function hashesOf(view: MessageView): unknown {
  const transaction = new Transaction();
  if (view.isRequest) transaction.ofVia(view, view.topVia);
  transaction.ofCall(view);
  return [transaction.key.hi, transaction.key.lo, transaction.call.hi, transaction.call.lo];
}

/** A view and everything that it says, for comparing. */
function contents(view: MessageView): unknown {
  const { uri, from, to, topVia } = view;
  const headers = Array.from({ length: view.count }, (_, i) => [
    view.lineStart(i),
    view.valueStart(i),
    view.valueEnd(i),
    view.lineEnd(i),
    view.next(i),
  ]);
  const first = Object.values(HeaderKind).map((kind) => view.header(kind));
  const { start, end, reject, isRequest, method, status, headersStart, bodyStart, count } = view;
  const { cseq, cseqMethod, cseqMethodStart, cseqMethodEnd, maxForwards, contentLength } = view;
  return {
    message: { start, end, reject, isRequest, method, status, headersStart, bodyStart, count, headers, first },
    values: { cseq, cseqMethod, cseqMethodStart, cseqMethodEnd, maxForwards, contentLength, topVia: fields(topVia) },
    ...(isRequest ? { methodStart: view.methodStart, methodEnd: view.methodEnd } : {}),
    // What the addon has hashed is taken over.
    hashes: hashesOf(view),
    // A response is read only as far as sending it back needs.
    ...(isRequest ? { uri: fields(uri), from: fields(from), to: fields(to) } : { inDialog: view.inDialog }),
  };
}

/** Parts that were found by nothing stay what they were: both views begin alike. */
const freshView = (): MessageView => new MessageView(maxHeaders);

/** What the addon reads of a message; undefined: it leaves it to the parser. */
function scanned(bytes: Buffer, start = 0, end = bytes.length): MessageView | undefined {
  const index = new Int32Array(SCAN_INTS).fill(7);
  native?.scan(bytes, start, end, names, maxHeaders, maxUriBytes, maxMessageBytes, index);
  if (index[0] !== 1) return undefined;
  const view = freshView();
  view.load(bytes, start, index, 0);
  return view;
}

function parsed(bytes: Buffer, start = 0, end = bytes.length): MessageView {
  const view = freshView();
  parser.parseDatagram(view, bytes, start, end);
  return view;
}

const RICH = [
  'Route: <sip:127.0.0.1:5060;transport=udp;lr;h=abc>, <sip:b;lr>',
  'Via: SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bKx;received=192.0.2.3;rport=99;maddr=1.2.3.4;i=abcdef;oc=3;oc-seq=1.2;oc-validity=500',
  'X-Key: the key',
  'Replaces: abc@x;to-tag=1;from-tag=2',
  'm: "A, B" <sip:a@192.0.2.1>;q=0.5',
];

const ORDINARY: readonly string[] = [
  request(),
  request({ body: 'v=0\r\n', extra: RICH }),
  request({
    method: 'REGISTER',
    uri: 'sips:[2001:db8::9]:5071;transport=tls;maddr=x;lr',
    from: '"A \\" B" <sip:a@x>;tag=1',
  }),
  request({
    method: 'BYE',
    uri: 'sip:bob:pw@example.com:5080;h=hint;lr',
    maxForwards: '300',
    extra: ['User-Agent: me'],
  }),
  request({ method: 'OPTIONS', maxForwards: '', from: 'sip:a@x;tag=77' }),
  request({ via: 'UDP 192.0.2.1;branch=z9hG4bK1;rport , SIP / 2.0 / UDP second:5070;branch=z9hG4bK2' }),
  responseTo(request(), '200 OK'),
  responseTo(request({ extra: RICH }), '503 Service Unavailable'),
  'SIP/2.0 180\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1\r\nv: SIP/2.0/UDP b:5070;rport\r\nCSeq: 4294967295 FOO\r\nl: 0\r\n\r\nrest',
];

const CORPUS: readonly Buffer[] = [
  ...ORDINARY.map((text) => Buffer.from(text, 'latin1')),
  ...TORTURE.map(({ bytes }) => bytes),
];

/** One change of chance: a byte, a telling byte, a piece left out, doubled or put elsewhere, an early end. */
function mutate(bytes: Buffer, random: () => number): Buffer {
  const place = (): number => Math.floor(random() * bytes.length);
  const at = place();
  const to = Math.min(bytes.length, at + Math.floor(random() * 20));
  const other = place();
  switch (Math.floor(random() * 6)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), randomBytes(random, 1), bytes.subarray(at + 1)]);
    case 1: {
      const byte = TELLING[Math.floor(random() * TELLING.length)] as number;
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at + (random() < 0.5 ? 1 : 0))]);
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, other), bytes.subarray(at, to), bytes.subarray(other)]);
    default:
      return bytes.subarray(0, at);
  }
}

(native === undefined ? describe.skip : describe)('the index that the addon makes', () => {
  it.each(ORDINARY.map((text) => [text.split('\r\n')[0], text]))('is made of an ordinary message: %s', (_, text) => {
    expect(scanned(Buffer.from(text, 'latin1'))).toBeDefined();
  });

  it.each(CORPUS.map((bytes) => [bytes.toString('latin1').split('\r\n')[0], bytes] as const))(
    'is what the parser finds, or there is none: %s',
    (_, bytes) => {
      const wanted = parsed(bytes);
      expect(contents(scanned(bytes) ?? wanted)).toEqual(contents(wanted));
    },
  );

  it(`is what the parser finds in ${MUTATIONS} mutated messages, or there is none`, () => {
    const random = seededRandom(SEED);
    let read = 0;
    for (let i = 0; i < MUTATIONS; i += 1) {
      // The ordinary ones first of all: what is harmed too much is not read.
      let bytes = CORPUS[i % 3 === 0 ? i % CORPUS.length : i % ORDINARY.length] as Buffer;
      for (let changes = 1 + Math.floor(random() * 3); changes > 0 && bytes.length > 0; changes -= 1) {
        bytes = mutate(bytes, random);
      }
      const view = scanned(bytes);
      if (view === undefined) continue;
      read += 1;
      const wanted = parsed(bytes);
      if (JSON.stringify(contents(view)) === JSON.stringify(contents(wanted))) continue;
      expect({ text: bytes.toString('latin1'), ...(contents(view) as object) }).toEqual(contents(wanted));
    }
    // Were few read, the comparison would say little.
    expect(read).toBeGreaterThan(MUTATIONS / 10);
  });

  it('begins and ends with its message, whatever stands around it', () => {
    const text = request({ body: 'hello' });
    const bytes = Buffer.from(`junk\r\n${text}\r\nmore: junk`, 'latin1');
    const view = scanned(bytes, 6, 6 + text.length);
    expect(view === undefined ? undefined : contents(view)).toEqual(contents(parsed(bytes, 6, 6 + text.length)));
    expect(view?.reject).toBe(Reject.NONE);
  });

  it('has the hashes of what the tables are asked for', () => {
    expect(scanned(Buffer.from(request(), 'latin1'))?.hashes).toBe(ScanHash.KEY | ScanHash.CALL);
  });

  it('reads the Via under the top one of a response', () => {
    const view = scanned(Buffer.from(responseTo(request({ extra: RICH }), '200 OK'), 'latin1'));
    expect(view?.hasNextVia).toBe(true);
    expect(view?.text(view.nextVia.branchStart, view.nextVia.branchEnd)).toBe('z9hG4bKx');
    expect(view?.nextVia.rport).toBe(99);
  });
});
