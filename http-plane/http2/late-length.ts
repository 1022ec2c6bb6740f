import type { IncomingMessage } from 'node:http';

const MAX_SECTION = 8192;
/** The last chunk with its extensions, and a field line (RFC 9112 7.1); a field name holds no blank and no semicolon. */
const LAST_CHUNK = /^0+[\t ]*(;.*)?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*(.*?)[\t ]*$/;

/** An error of node:http's parser, as it comes with a broken answer. */
interface ParserError extends Error {
  readonly code?: string;
  readonly bytesParsed?: number;
  readonly rawPacket?: Buffer;
}

/**
 * Ends an answer in order whose only fault is a Content-Length among its trailers. node:http refuses the whole section for it, though
 * the body is complete by then and only that field is to be ignored (RFC 9110 6.5.1). The connection is lost all the same.
 * False: the fault is another, or the section is not whole in what came last; nothing was done.
 */
export function endWithLateLength(answer: IncomingMessage, error: ParserError): boolean {
  const { code, rawPacket, bytesParsed } = error;
  // In the head this error comes before there is an answer.
  if (answer.complete || code !== 'HPE_INVALID_CONTENT_LENGTH') return false;
  if (rawPacket === undefined || bytesParsed === undefined) return false;
  const trailers = sectionAround(rawPacket.toString('latin1'), bytesParsed);
  if (trailers === undefined) return false;
  answer.rawTrailers = trailers;
  answer.complete = true;
  answer.push(null);
  return true;
}

/** The trailer section that an offset of the text lies in, names and values in turn; undefined: it is not whole. */
function sectionAround(text: string, offset: number): string[] | undefined {
  let end = text.indexOf('\r\n\r\n', offset);
  const limit = end - MAX_SECTION;
  const fields: string[] = [];
  while (end > Math.max(0, limit)) {
    const before = text.lastIndexOf('\r\n', end - 1);
    const line = text.slice(before === -1 ? 0 : before + 2, end);
    const field = FIELD.exec(line);
    if (field === null) return LAST_CHUNK.test(line) ? fields : undefined;
    fields.unshift(field[1] as string, field[2] as string);
    end = before;
  }
  return undefined;
}
