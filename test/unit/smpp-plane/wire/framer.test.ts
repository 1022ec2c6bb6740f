import { PduFramer } from '../../../../smpp-plane/wire';
import { rawPdu } from '../../../support/smpp-peer';

class Collector {
  readonly pdus: string[] = [];
  readonly lengths: number[] = [];
  /** How many PDUs are taken before the sink refuses. */
  appetite = Number.POSITIVE_INFINITY;

  pdu(bytes: Buffer, start: number, end: number): boolean {
    if (this.appetite === 0) return false;
    this.appetite -= 1;
    this.pdus.push(bytes.toString('hex', start, end));
    return true;
  }

  badLength(length: number): void {
    this.lengths.push(length);
  }
}

const pdus = [
  rawPdu(0x15, 1),
  rawPdu(0x04, 2, { body: Buffer.from('short') }),
  rawPdu(0x04, 3, { body: Buffer.alloc(300, 0xab) }),
  rawPdu(0x8000_0004, 4, { body: Buffer.from('id\0') }),
];
const stream = Buffer.concat(pdus);
const expected = pdus.map((pdu) => pdu.toString('hex'));

function collect(chunks: readonly Buffer[], maxLength = 1024): Collector {
  const sink = new Collector();
  const framer = new PduFramer(sink, maxLength);
  for (const chunk of chunks) framer.push(Buffer.from(chunk));
  return sink;
}

describe('PduFramer', () => {
  test('gives the same PDUs wherever the stream is cut in two', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(collect([stream.subarray(0, cut), stream.subarray(cut)]).pdus).toEqual(expected);
    }
  });

  test('gives the same PDUs wherever the stream is cut in three', () => {
    const head = stream.subarray(0, 60);
    const whole = collect([head, stream.subarray(60)]).pdus;
    for (let first = 0; first <= head.length; first += 1) {
      for (let second = first; second <= head.length; second += 1) {
        const chunks = [head.subarray(0, first), head.subarray(first, second), stream.subarray(second)];
        expect(collect(chunks).pdus).toEqual(whole);
      }
    }
  });

  test('gives the same PDUs one byte at a time', () => {
    expect(collect([...stream].map((byte) => Buffer.from([byte]))).pdus).toEqual(expected);
  });

  test('finds fifty PDUs in one chunk', () => {
    const chunk = Buffer.concat(Array.from({ length: 50 }, (_, i) => rawPdu(0x15, i + 1)));
    expect(collect([chunk]).pdus).toHaveLength(50);
  });

  test.each([0, 1, 4, 15, 1025, 0x8000_0000, 0xffff_ffff])(
    'refuses command_length %d and nothing follows',
    (length) => {
      const bad = rawPdu(0x04, 9, { length });
      for (const cut of [1, 3, 4, 10]) {
        const sink = collect([rawPdu(0x15, 1), bad.subarray(0, cut), bad.subarray(cut), rawPdu(0x15, 2)]);
        expect(sink.pdus).toEqual([rawPdu(0x15, 1).toString('hex')]);
        expect(sink.lengths).toEqual([length]);
      }
    },
  );

  test('accepts a PDU of exactly the limit', () => {
    const pdu = rawPdu(0x04, 1, { body: Buffer.alloc(1008, 1) });
    expect(collect([pdu]).pdus).toEqual([pdu.toString('hex')]);
  });

  test('keeps what the sink does not take, at every cut, and offers it again', () => {
    for (let cut = 0; cut <= stream.length; cut += 7) {
      const sink = new Collector();
      const framer = new PduFramer(sink, 1024);
      sink.appetite = 1;
      framer.push(Buffer.from(stream.subarray(0, cut)));
      framer.push(Buffer.from(stream.subarray(cut)));
      expect(sink.pdus.length).toBeLessThanOrEqual(1);
      for (let i = 0; i < pdus.length; i += 1) {
        sink.appetite = 1;
        framer.resume();
      }
      expect(sink.pdus).toEqual(expected);
      expect(framer.waiting).toBe(0);
    }
  });

  test('holds little for a peer that announces much and sends little', () => {
    const framer = new PduFramer(new Collector(), 1_000_000);
    framer.push(rawPdu(0x04, 1, { length: 900_000 }));
    expect(framer.waiting).toBe(16);
  });

  test('says nothing any more after stop', () => {
    const sink = new Collector();
    const framer = new PduFramer(sink, 1024);
    framer.stop();
    framer.push(Buffer.from(stream));
    framer.resume();
    expect(sink.pdus).toEqual([]);
  });
});
