/** A stream cut into PDUs with as little work as possible: the harness must not be what is measured. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls `take` for each whole PDU of the stream so far. */
  push(chunk: Buffer, take: (bytes: Buffer, start: number, end: number) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    while (bytes.length - start >= 16) {
      const end = start + bytes.readUInt32BE(start);
      if (end > bytes.length) break;
      take(bytes, start, end);
      start = end;
    }
    this.#rest = start === bytes.length ? Buffer.alloc(0) : bytes.subarray(start);
  }
}

/** A submit_sm of 170 octets in the GSM alphabet. */
export function submitTemplate(): Buffer {
  const text = Buffer.alloc(115, 0x61);
  const body = Buffer.concat([
    Buffer.from('\0\x01\x01491710000001\0\x01\x01491720000002\0\0\0\0\0\0\x01\0\0\0'),
    Buffer.from([text.length]),
    text,
  ]);
  const pdu = Buffer.alloc(16 + body.length);
  pdu.writeUInt32BE(pdu.length, 0);
  pdu.writeUInt32BE(0x04, 4);
  body.copy(pdu, 16);
  return pdu;
}

/** A bind_transceiver. */
export function bindPdu(systemId: string): Buffer {
  const body = Buffer.concat([Buffer.from(`${systemId}\0pw\0\0`), Buffer.from([0x34, 0, 0, 0])]);
  const pdu = Buffer.alloc(16 + body.length);
  pdu.writeUInt32BE(pdu.length, 0);
  pdu.writeUInt32BE(0x09, 4);
  pdu.writeUInt32BE(1, 12);
  body.copy(pdu, 16);
  return pdu;
}
