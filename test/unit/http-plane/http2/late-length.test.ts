import type { IncomingMessage } from 'node:http';
import { endWithLateLength } from '../../../../http-plane/http2/late-length';

interface Ended {
  readonly done: boolean;
  readonly trailers: readonly string[] | undefined;
}

/** What becomes of an answer whose parser stopped behind the mark `^` of what came last. */
function end(packet: string, rest: { code?: string; complete?: boolean } = {}): Ended {
  let trailers: string[] | undefined;
  const answer = { complete: rest.complete ?? false, rawTrailers: [] as string[], push: () => true };
  answer.push = () => {
    trailers = answer.rawTrailers;
    return true;
  };
  const error = Object.assign(new Error('Parse Error'), {
    code: rest.code ?? 'HPE_INVALID_CONTENT_LENGTH',
    bytesParsed: packet.indexOf('^'),
    rawPacket: Buffer.from(packet.replace('^', ''), 'latin1'),
  });
  return { done: endWithLateLength(answer as unknown as IncomingMessage, error), trailers };
}

const SECTION = 'A: b\r\nContent-Length:^ 3\r\nC:d \r\n\r\n';

test.each([
  ['behind a chunk', `2\r\nok\r\n0\r\n${SECTION}`],
  ['at the front of what came', `000;x="y: z"\r\n${SECTION}`],
  ['with bytes behind it', `0\r\n${SECTION}E: f\r\n\r\n`],
])('a whole section is read, %s', (_where, packet) => {
  expect(end(packet)).toEqual({ done: true, trailers: ['A', 'b', 'Content-Length', '3', 'C', 'd'] });
});

test.each([
  ['whose end has not come', '0\r\nA: b\r\nContent-Length:^ 3\r\n'],
  ['whose front came before', SECTION],
  ['with a folded line', '0\r\nA: b\r\n c\r\nContent-Length:^ 3\r\n\r\n'],
  ['with a bare line feed', '0\r\nA: b\nc: d\r\nContent-Length:^ 3\r\n\r\n'],
  ['of more than 8 KiB', `0\r\nA: ${'b'.repeat(8200)}\r\nContent-Length:^ 3\r\n\r\n`],
])('a section is not taken %s', (_what, packet) => {
  expect(end(packet)).toEqual({ done: false, trailers: undefined });
});

test('other faults, and answers that are complete, are left alone', () => {
  expect(end(`0\r\n${SECTION}`, { code: 'HPE_INVALID_CHUNK_SIZE' }).done).toBe(false);
  expect(end(`0\r\n${SECTION}`, { complete: true }).done).toBe(false);
});
