import { readBase32, writeBase32 } from '../affinity';

/** Characters of a flow in the user part of our Record-Route: `f` and the connection's id. */
export const FLOW_CHARS = 8;
const ID_CHARS = 7;
const MARK = 102;

/** The connection id of the flow at `start`; -1: it is none. */
export function readFlow(bytes: Buffer, start: number): number {
  return bytes[start] === MARK ? readBase32(bytes, start + 1, ID_CHARS) : -1;
}

export function writeFlow(target: Buffer, at: number, connectionId: number): number {
  target[at] = MARK;
  return writeBase32(target, at + 1, connectionId, ID_CHARS);
}
