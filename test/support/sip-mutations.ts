import { request } from './sip-messages';
import { randomBytes } from './seeded-random';
import { TORTURE } from './torture';

/** Pieces that parsers stumble over. */
const SPLINTERS = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  '"',
  '<',
  '>',
  ';',
  ',',
  ':',
  '%',
  ' ',
  '\t',
  '\r\n ',
  'Via: SIP/2.0/UDP ',
  'Route: <sip:',
  'Content-Length: 99999999999\r\n',
  'l: -1\r\n',
  'Max-Forwards: 0\r\n',
  'CSeq: 4294967296 INVITE\r\n',
  ';branch=z9hG4bK',
  ';received=',
  ';rport=70000',
  'sip:[::1',
  '[2001:db8:::1]',
  ';maddr=255.255.255.255',
  'SIP/2.0 ',
  ';lr',
  '\u00ff\u00fe',
  'Record-Route: <sip:a;lr>\r\n'.repeat(40),
].map((text) => Buffer.from(text, 'latin1'));

const WELL_FORMED = [
  request({ body: 'v=0\r\n', extra: ['Route: <sip:127.0.0.1;lr>', 'Via: SIP/2.0/UDP a'] }),
  request({ method: 'REGISTER', extra: ['Supported: path, outbound', 'Contact: <sip:a@b;ob>'] }),
  request({ method: 'BYE', to: '<sip:b@x>;tag=1', extra: ['Route: <sip:127.0.0.1;lr;h=aaaaaaaaaaaaaaaaaaa>'] }),
  request({ method: 'SUBSCRIBE', extra: ['Replaces: c1;to-tag=1;from-tag=2', 'Proxy-Require: x'] }),
].map((text) => Buffer.from(text, 'latin1'));

/** What is mutated: well-formed requests and the torture messages. */
const CORPUS: readonly Buffer[] = [...WELL_FORMED, ...TORTURE.map(({ bytes }) => bytes)];

const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** One message with one to six faults in it, or now and then bytes of chance. The same `random` gives the same messages. */
export function mutated(random: () => number): Buffer {
  if (random() < 0.02) return randomBytes(random, Math.floor(random() * 600));
  let bytes = Buffer.from(pick(random, CORPUS));
  const faults = 1 + Math.floor(random() * 6);
  for (let i = 0; i < faults; i += 1) bytes = mutate(random, bytes);
  return bytes;
}

function mutate(random: () => number, bytes: Buffer): Buffer<ArrayBuffer> {
  const at = Math.floor(random() * bytes.length);
  const length = Math.floor(random() * Math.min(80, bytes.length - at));
  switch (Math.floor(random() * 6)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[at] = Math.floor(random() * 256);
      return changed;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), pick(random, SPLINTERS), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), pick(random, CORPUS).subarray(-length - 1)]);
    default:
      return Buffer.from(bytes.subarray(0, random() < 0.2 ? at : bytes.length));
  }
}
