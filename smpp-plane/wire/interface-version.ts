import { HEADER_BYTES } from './header';

/** sc_interface_version of a bind_resp (SMPP 5.0, 4.8.4.51). */
export const TAG_SC_INTERFACE_VERSION = 0x0210;
/** Tag, length and one octet of value. */
const TLV_BYTES = 5;

/** The version of SMPP that a bind_resp says its SMSC speaks: 0x34, 0x50; undefined when it says none, as SMSCs of 3.3 do. */
export function interfaceVersionOf(answer: Buffer): number | undefined {
  const at = placeOf(answer);
  return at < 0 ? undefined : answer[at + TLV_BYTES - 1];
}

/** A copy of a bind_resp that says another version, or none. One that said none stays so. */
export function withInterfaceVersion(answer: Buffer, version: number | undefined): Buffer {
  const at = placeOf(answer);
  const copy = Buffer.from(answer);
  if (at < 0) return copy;
  if (version !== undefined) {
    copy[at + TLV_BYTES - 1] = version;
    return copy;
  }
  const shorter = Buffer.concat([copy.subarray(0, at), copy.subarray(at + TLV_BYTES)]);
  shorter.writeUInt32BE(shorter.length, 0);
  return shorter;
}

/** Where the TLV begins, behind the system_id, or -1. */
function placeOf(answer: Buffer): number {
  const nul = answer.indexOf(0, HEADER_BYTES);
  if (nul < 0) return -1;
  let at = nul + 1;
  while (at + TLV_BYTES <= answer.length) {
    const length = answer.readUInt16BE(at + 2);
    if (answer.readUInt16BE(at) === TAG_SC_INTERFACE_VERSION && length === 1) return at;
    at += 4 + length;
  }
  return -1;
}
