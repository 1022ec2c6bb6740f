import { awkwardAnswers, awkwardDelivers, awkwardSubmits, type AwkwardPdu } from '../support/awkward-pdus';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { RawSmsc, boundEsme, rawPdu, withoutSequence, type RawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { until } from '../support/until';

let smsc: RawSmsc;
let plane: TestSmppPlane;
let esme: RawSmppPeer;

const COUNT = 10_000;
/** The plane's own numbers wrap on the way: 0x7fffffff is followed by 1 (SMPP 5.0, 4.7.24). Room for all at once, so that nothing is throttled. */
const SETTINGS: object = { lastSequence: 0x7fff_ffff - 4000, maxInFlight: COUNT };

beforeEach(async () => {
  smsc = await RawSmsc.start();
  plane = await startTestPlane([smscNode('smsc1', smsc)], SETTINGS);
  esme = await boundEsme(plane.address, 'acme');
});

afterEach(async () => {
  esme.destroy();
  await plane.close();
  await smsc.close();
});

function numbered(kinds: readonly AwkwardPdu[], count: number, sequenceOf: (i: number) => number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const pdu = Buffer.from((kinds[i % kinds.length] as AwkwardPdu).pdu);
    pdu.writeUInt32BE(sequenceOf(i), 12);
    return pdu;
  });
}

function answered(peer: RawSmppPeer): number[] {
  return peer.got.filter(({ command }) => command >= 0x8000_0000).map(({ sequence }) => sequence);
}

const isRequest = ({ command }: RawPdu): boolean => command < 0x8000_0000;

function sameButSequence(got: readonly RawPdu[], sent: readonly Buffer[]): boolean {
  return (
    got.length === sent.length &&
    got.every(({ bytes }, i) => withoutSequence(bytes) === withoutSequence(sent[i] as Buffer))
  );
}

/** In pieces that have nothing to do with the PDUs' ends; all of them at once, or answers would come to stand inside a PDU. */
function sendInPieces(peer: RawSmppPeer, stream: Buffer, size: number): void {
  for (let at = 0; at < stream.length; at += size) peer.socket.write(stream.subarray(at, at + size));
}

test(`${COUNT} requests of every awkward kind each way, at once, arrive with only the sequence number changed`, async () => {
  // An ESME may choose its numbers by chance, an SMSC begin anywhere.
  const submits = numbered(awkwardSubmits(), COUNT, (i) => Math.imul(i + 1, 0x9e37_79b1) >>> 0);
  const delivers = numbered(awkwardDelivers(), COUNT, (i) => 0x7000_0000 + i);
  const [upstream] = smsc.bound;
  if (upstream === undefined) throw new Error('nobody is bound');
  esme.onPdu = ({ command, sequence }) => {
    if (command < 0x8000_0000) esme.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
  };
  sendInPieces(esme, Buffer.concat(submits), 1009);
  sendInPieces(upstream, Buffer.concat(delivers), 1447);
  const all = 2 * COUNT + 1;
  await until('all is answered', () => esme.got.length >= all && upstream.got.length >= all, 30_000);
  const arrived = smsc.requests.slice(1);
  expect(sameButSequence(arrived, submits)).toBe(true);
  expect(sameButSequence(esme.got.filter(isRequest), delivers)).toBe(true);
  expect(answered(esme).slice(1)).toEqual(submits.map((pdu) => pdu.readUInt32BE(12)));
  expect(answered(upstream)).toEqual(delivers.map((pdu) => pdu.readUInt32BE(12)));
  const numbers = arrived.map(({ sequence }) => sequence);
  expect(numbers).toContain(0x7fff_ffff);
  expect(numbers[numbers.indexOf(0x7fff_ffff) + 1]).toBe(1);
  expect(new Set(numbers).size).toBe(COUNT);
  expect(plane.gauge('smpp.inFlight')).toBe(0);
  expect(plane.core.table.get('smsc1')?.live.requests).toBe(COUNT);
}, 60_000);

test('answers with and without bodies, in reverse order and with nacks among them, find their requests unchanged', async () => {
  const answers = awkwardAnswers(0x04);
  const waiting: number[] = [];
  smsc.onRequest = ({ sequence }, from) => {
    waiting.push(sequence);
    if (waiting.length < 440) return;
    const pdus = waiting.map((number, i) => {
      const pdu = Buffer.from((answers[i % answers.length] as AwkwardPdu).pdu);
      pdu.writeUInt32BE(number, 12);
      return pdu;
    });
    from.send(...pdus.toReversed());
  };
  const sequences = Array.from({ length: 440 }, (_, i) => (i * 2_654_435_761) % 0xffff_ffff);
  esme.send(...sequences.map((sequence) => rawPdu(0x04, sequence, { body: Buffer.from('x') })));
  await until('all is answered', () => esme.got.length === 441);
  const expected = sequences.map((sequence, i) => {
    const pdu = Buffer.from((answers[i % answers.length] as AwkwardPdu).pdu);
    pdu.writeUInt32BE(sequence, 12);
    return pdu.toString('hex');
  });
  expect(esme.got.slice(1).map(({ bytes }) => bytes.toString('hex'))).toEqual(expected.toReversed());
});

test('late, repeated and foreign answers go nowhere and are counted', async () => {
  smsc.onRequest = ({ sequence }, from) => {
    from.send(
      rawPdu(0x8000_0005, sequence),
      rawPdu(0x8000_0004, sequence),
      rawPdu(0x8000_0004, sequence),
      rawPdu(0x8000_0004, 0),
      rawPdu(0x8000_0004, 0xffff_ffff),
    );
  };
  expect((await esme.ask(0x04, 77)).status).toBe(0);
  await until('the rest is counted', () => plane.counter('smpp.lateAnswers') === 3);
  expect(plane.counter('smpp.rejects.mismatchedAnswer')).toBe(1);
  expect(esme.got).toHaveLength(2);
});

test('a generic_nack that answers nothing passes as it is', async () => {
  smsc.bound[0]?.send(rawPdu(0x8000_0000, 0, { status: 3 }));
  await until('it has come', () => esme.got.length === 2);
  expect(esme.got[1]?.bytes.toString('hex')).toBe(rawPdu(0x8000_0000, 0, { status: 3 }).toString('hex'));
});

test('alert_notification passes without taking a place in the window', async () => {
  smsc.bound[0]?.send(rawPdu(0x102, 900, { body: Buffer.from('\x01\x01491\0\x01\x01492\0') }));
  expect((await esme.request(0x102)).body.toString('latin1')).toBe('\x01\x01491\0\x01\x01492\0');
  expect(plane.gauge('smpp.inFlight')).toBe(0);
});

test('counts requests, answers and bytes per command and direction', async () => {
  await esme.ask(0x04, 5, Buffer.from('body'));
  esme.onPdu = ({ sequence }) => esme.send(rawPdu(0x8000_0005, sequence));
  smsc.bound[0]?.send(rawPdu(0x05, 9));
  await until('the deliver_sm is answered', () => plane.counter('smpp.toServer.responses.deliver_sm') === 1);
  expect(plane.counter('smpp.toServer.requests.submit_sm')).toBe(1);
  expect(plane.counter('smpp.toClient.responses.submit_sm')).toBe(1);
  expect(plane.counter('smpp.toClient.requests.deliver_sm')).toBe(1);
  expect(plane.counter('smpp.toServer.requests.bind_transceiver')).toBe(1);
  expect(plane.counter('smpp.toClient.responses.bind_transceiver')).toBe(1);
  const bind = esme.got[0]?.bytes.length ?? 0;
  expect(plane.counter('smpp.toClient.bytes')).toBe(bind + 16 + 16);
  expect(plane.gauge('smpp.sessions')).toBe(1);
  expect(plane.counter('smpp.systemId.acme.toServer')).toBe(1);
  expect(plane.counter('smpp.systemId.acme.toClient')).toBe(1);
  expect(plane.core.table.get('smsc1')?.live.activeSessions).toBe(1);
});
