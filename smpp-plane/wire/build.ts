import { HEADER_BYTES, putUint32 } from './header';
import { responseTo } from './command';
import { TAG_SC_INTERFACE_VERSION } from './interface-version';

const VERSION_3_4 = 0x34;

/** The name that the balancer gives as system_id in answers of its own, as its predecessor did. */
const OWN_SYSTEM_ID = 'loadbalancer';

/** A PDU that is nothing but its header. */
export function headerOnly(command: number, status: number, sequence: number): Buffer {
  const pdu = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(pdu, { command, status, sequence });
  return pdu;
}

/**
 * The bind_resp of a bind that reached no SMSC: system_id, and sc_interface_version for an ESME of version 3.4 or later
 * (older ones must not be sent TLVs: SMPP 5.0, 2.11.2).
 */
export function localBindResponse(options: {
  readonly bind: number;
  readonly status: number;
  readonly sequence: number;
  readonly interfaceVersion: number;
}): Buffer {
  const systemId = Buffer.from(`${OWN_SYSTEM_ID}\0`, 'latin1');
  const tlv = options.interfaceVersion >= VERSION_3_4 ? versionTlv() : Buffer.alloc(0);
  const pdu = Buffer.concat([Buffer.alloc(HEADER_BYTES), systemId, tlv]);
  writeHeader(pdu, { command: responseTo(options.bind), status: options.status, sequence: options.sequence });
  return pdu;
}

function versionTlv(): Buffer {
  const tlv = Buffer.alloc(5);
  tlv.writeUInt16BE(TAG_SC_INTERFACE_VERSION, 0);
  tlv.writeUInt16BE(1, 2);
  tlv[4] = VERSION_3_4;
  return tlv;
}

function writeHeader(
  pdu: Buffer,
  header: { readonly command: number; readonly status: number; readonly sequence: number },
): void {
  putUint32(pdu, 0, pdu.length);
  putUint32(pdu, 4, header.command);
  putUint32(pdu, 8, header.status);
  putUint32(pdu, 12, header.sequence);
}
