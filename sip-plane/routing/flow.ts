import { readBase32, writeBase32 } from '../affinity';

/** Characters of a flow in the user part of our URIs: a letter and the connection's id. */
export const FLOW_CHARS = 8;
const ID_CHARS = 7;

/** Who is called by a flow. */
export const FlowKind = {
  /** The other side of a call, by our Record-Route. */
  CALL: 102,
  /** A client that registered, by our Path: when its connection is gone it is not to be reached (RFC 5626 5.3). */
  REGISTERED: 112,
} as const;

/** The connection id of the flow at `start`; -1: it is none. Its kind is the byte at `start`. */
export function readFlow(bytes: Buffer, start: number): number {
  const kind = bytes[start];
  if (kind !== FlowKind.CALL && kind !== FlowKind.REGISTERED) return -1;
  return readBase32(bytes, start + 1, ID_CHARS);
}

export function writeFlow(target: Buffer, at: number, kind: number, connectionId: number): number {
  target[at] = kind;
  return writeBase32(target, at + 1, connectionId, ID_CHARS);
}
