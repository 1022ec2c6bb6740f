/** A PDU's header: command_length, command_id, command_status, sequence_number, 4 bytes each, big endian (SMPP 5.0, 3.2.1). */
export const HEADER_BYTES = 16;

const COMMAND_OFFSET = 4;
const STATUS_OFFSET = 8;
const SEQUENCE_OFFSET = 12;

/** Unsigned 32 bits at an offset that the caller has checked. On the packet path: no range checks of its own. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

/** Writes unsigned 32 bits at an offset that the caller has checked. */
export function putUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** command_id of the PDU that starts at `start`. */
export function commandAt(bytes: Uint8Array, start: number): number {
  return uint32At(bytes, start + COMMAND_OFFSET);
}

/** command_status of the PDU that starts at `start`. */
export function statusAt(bytes: Uint8Array, start: number): number {
  return uint32At(bytes, start + STATUS_OFFSET);
}

/** sequence_number of the PDU that starts at `start`. */
export function sequenceAt(bytes: Uint8Array, start: number): number {
  return uint32At(bytes, start + SEQUENCE_OFFSET);
}

/** Changes the one thing that a forwarded PDU may change. */
export function putSequence(bytes: Uint8Array, start: number, sequence: number): void {
  putUint32(bytes, start + SEQUENCE_OFFSET, sequence);
}
