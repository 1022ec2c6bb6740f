import { awkwardDelivers, awkwardSubmits } from './awkward-pdus';
import { bindBody, rawPdu } from './smpp-peer';

/** A random whole number below a limit. */
export type Below = (limit: number) => number;

/** Lengths at and beyond every limit. */
const LENGTHS = [0, 1, 4, 15, 16, 17, 1024, 1025, 131_072, 131_073, 0x7fff_ffff, 0xffff_ffff];
const COMMANDS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x15, 0x21, 0x102, 0x103, 0x111, 0x10200, 0x8000_0000, 0x8000_0004, 0x8000_0005,
  0x8000_0006, 0x8000_0009, 0x8000_0015, 0xffff_ffff,
];
/** What is mutated: every awkward kind, binds, unbinds, enquire_links. */
const KINDS: readonly Buffer[] = [
  ...[...awkwardSubmits(), ...awkwardDelivers()].map(({ pdu }) => pdu).filter((pdu) => pdu.length < 2000),
  rawPdu(0x09, 1, { body: bindBody('fuzz') }),
  rawPdu(0x06, 1),
  rawPdu(0x15, 1),
];

/** A PDU with a wrong command, wrong bytes, a wrong length, any sequence number, or rubbish. */
export function mutatedPdu(below: Below): Buffer {
  const pdu = Buffer.from(KINDS[below(KINDS.length)] as Buffer);
  switch (below(6)) {
    case 0:
      pdu.writeUInt32BE(COMMANDS[below(COMMANDS.length)] as number, 4);
      break;
    case 1:
      for (let i = 0; i < 4; i += 1) pdu[below(pdu.length)] = below(256);
      break;
    case 2:
      if (below(20) === 0) pdu.writeUInt32BE(LENGTHS[below(LENGTHS.length)] as number, 0);
      break;
    case 3:
      return Buffer.from(Array.from({ length: 1 + below(40) }, () => below(256)));
    default:
      pdu.writeUInt32BE(below(0xffff_ffff), 12);
  }
  return pdu;
}
