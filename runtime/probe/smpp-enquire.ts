import type { Endpoint } from '../../proto';
import { probeTcp } from './tcp-connect';

const HEADER_BYTES = 16;
const ENQUIRE_LINK = 0x15;
const RESPONSE_BIT = 0x8000_0000;

/** `enquire_link` before a bind: SMPP 5.0 has it answered, older servers send generic_nack; any response PDU shows a live server. */
export function probeSmpp(endpoint: Endpoint, timeoutMs: number): Promise<string | undefined> {
  const request = Buffer.alloc(HEADER_BYTES);
  request.writeUInt32BE(HEADER_BYTES, 0);
  request.writeUInt32BE(ENQUIRE_LINK, 4);
  request.writeUInt32BE(1, 12);
  return probeTcp(endpoint, timeoutMs, { request, judge });
}

function judge(received: Buffer): string | undefined {
  if (received.length < HEADER_BYTES) return undefined;
  return received.readUInt32BE(4) >= RESPONSE_BIT ? '' : 'the answer is not an SMPP response';
}
