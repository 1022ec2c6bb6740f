import { HEADER_BYTES } from './header';

/** What a balancer reads of a bind. */
export interface BindFields {
  readonly systemId: string;
  /** 0x34 for SMPP 3.4; 0 when the bind is cut short. */
  readonly interfaceVersion: number;
}

const FREE_TEXT_FIELDS = 3;

/**
 * Reads system_id and interface_version of a bind PDU (SMPP 5.0, 4.1.1.1: system_id, password, system_type, interface_version).
 * Never refuses: what cannot be read is empty or 0. The password is passed over.
 */
export function readBindFields(pdu: Uint8Array): BindFields {
  let offset = HEADER_BYTES;
  let systemId = '';
  for (let field = 0; field < FREE_TEXT_FIELDS; field += 1) {
    const end = pdu.indexOf(0, offset);
    if (end < 0) return { systemId, interfaceVersion: 0 };
    if (field === 0) systemId = Buffer.from(pdu.subarray(offset, end)).toString('latin1');
    offset = end + 1;
  }
  return { systemId, interfaceVersion: pdu[offset] ?? 0 };
}
