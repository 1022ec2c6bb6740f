import { MessageParser, MessageView, Reject, StreamFramer } from '../../../../sip-plane/message';
import { request } from '../../../support/sip-messages';

interface Framed {
  readonly messages: string[];
  readonly broken: number[];
  pings: number;
  readonly framer: StreamFramer;
}

function framer(maxMessageBytes = 4000): Framed {
  const state: Omit<Framed, 'framer'> = { messages: [], broken: [], pings: 0 };
  const made = Object.assign(state, {
    framer: new StreamFramer(
      new MessageParser({ maxMessageBytes }),
      {
        message: (view) => state.messages.push(view.text(view.start, view.end)),
        ping: () => (state.pings += 1),
        broken: (view) => state.broken.push(view.reject),
      },
      new MessageView(),
    ),
  });
  return made;
}

const two = [request({ body: 'first body' }), request({ method: 'OPTIONS', body: 'v=0\r\n\r\n' })];

describe('the stream framer', () => {
  it('FRM-1: gives the same messages however the bytes are split', () => {
    const stream = Buffer.from(`\r\n${two.join('')}\r\n\r\n${two[0]}`, 'latin1');
    for (let split = 1; split < stream.length; split += 1) {
      const got = framer();
      got.framer.push(stream.subarray(0, split));
      got.framer.push(stream.subarray(split));
      expect(got.messages).toEqual([...two, two[0]]);
      expect(got.pings).toBe(1);
    }
  });

  it('FRM-1: gives the same messages byte by byte', () => {
    const got = framer();
    for (const byte of Buffer.from(two.join(''), 'latin1')) got.framer.push(Buffer.from([byte]));
    expect(got.messages).toEqual(two);
    expect(got.framer.partial).toBe(false);
  });

  it('FRM-2: handles many messages of one read in order', () => {
    const got = framer();
    const many = Array.from({ length: 50 }, (_, i) => request({ callId: `call${i}` }));
    got.framer.push(Buffer.from(many.join('')));
    expect(got.messages).toEqual(many);
  });

  it.each([
    ['\r\n\r\n', 1],
    ['\r\n', 0],
    ['\r\n\r\n\r\n\r\n', 2],
  ])('FRM-4: takes %j for so many pings: %i', (text, pings) => {
    const got = framer();
    got.framer.push(Buffer.from(text));
    expect(got.pings).toBe(pings);
    expect(got.framer.partial).toBe(false);
  });

  it.each([
    ['no Content-Length', request().replace('Content-Length: 0\r\n', ''), Reject.CONTENT_LENGTH],
    ['a negative one', request().replace('Content-Length: 0', 'Content-Length: -1'), Reject.CONTENT_LENGTH],
    ['conflicting ones', request({ extra: ['Content-Length: 7'] }), Reject.CONTENT_LENGTH],
    ['one above the limit', request().replace('Content-Length: 0', 'Content-Length: 99999'), Reject.TOO_LARGE],
  ])('FRM-5: gives up on %s and reads no more', (_, text, reject) => {
    const got = framer();
    got.framer.push(Buffer.from(text));
    got.framer.push(Buffer.from(request()));
    expect(got.broken).toEqual([reject]);
    expect(got.messages).toEqual([]);
  });

  it('FRM-12: gives up on a head without end instead of holding it', () => {
    const got = framer();
    for (let i = 0; i < 100; i += 1) got.framer.push(Buffer.alloc(100, 'a'));
    expect(got.broken).toHaveLength(1);
    expect(got.framer.partial).toBe(false);
  });

  it('FRM-6: knows that a message is incomplete', () => {
    const got = framer();
    got.framer.push(Buffer.from('INVITE sip:'));
    expect(got.framer.partial).toBe(true);
  });
});
