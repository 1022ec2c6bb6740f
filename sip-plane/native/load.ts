import { existsSync } from 'node:fs';
import path from 'node:path';

/** One open socket of the addon; given back to its functions. */
export interface NativeSocket {
  readonly nativeSocket: unique symbol;
}

/** How a socket of the addon is opened; `udp.c` says what each field holds. */
export interface NativeSocketOptions {
  readonly host: string;
  readonly port: number;
  /** A descriptor that `bind` made, here or in the parent process; host and port say nothing then. */
  readonly inherited?: number | undefined;
  readonly arena: Buffer;
  readonly slotBytes: number;
  readonly records: Uint32Array;
  readonly indexes: Int32Array;
  /** Absent: datagrams are not read. */
  readonly names?: Buffer;
  readonly maxHeaders?: number;
  readonly maxUriBytes?: number;
  readonly maxMessageBytes?: number;
  readonly onBatch: (count: number) => void;
  readonly onRefused: (count: number) => void;
}

/** What the addon exports; `udp.c` says what each argument holds. */
export interface NativeUdp {
  /** A file descriptor; `shared`: its address is shared with others bound so. Throws with the system's code (EADDRINUSE, …). */
  bind(host: string, port: number, shared: boolean): number;
  /** Throws with the system's code (EADDRINUSE, …). */
  open(options: NativeSocketOptions): NativeSocket;
  port(socket: NativeSocket | number): number;
  /** How many of the datagrams could not be sent; their lengths in `queue` are 0 then. */
  send(
    socket: NativeSocket,
    out: Buffer,
    queue: Uint32Array,
    count: number,
    source: Buffer,
    inserts: Buffer,
    splices: Int32Array,
  ): number;
  close(socket: NativeSocket): void;
  /** Reads one message as `scan.h` says, for comparing it with the parser. */
  scan(
    bytes: Buffer,
    start: number,
    end: number,
    names: Buffer,
    maxHeaders: number,
    maxUriBytes: number,
    maxMessageBytes: number,
    index: Int32Array,
  ): void;
}

/** Numbers of an address record, and places in it: `socket.h`. */
export const RECORD_INTS = 8;
export const AddressRecord = { LENGTH: 0, PORT: 1, FAMILY: 2, SCOPE: 3, WORD: 4 } as const;

/** Numbers of a queued datagram, and places after its address record: `udp.c`. */
export const QUEUE_INTS = 16;
export const Queue = { OFFSET: 8, COMPOSED: 9, START: 10, END: 11, FIRST_SPLICE: 12, SPLICES: 13 } as const;

const FILE = 'udp.node';

/** The addon, or undefined where it was not built. It lies in the build; sources and harnesses find it from below. */
export function loadNativeUdp(): NativeUdp | undefined {
  const file = places().find((place) => existsSync(place));
  if (file === undefined) return undefined;
  try {
    // An addon is loaded by require only.
    return require(file) as NativeUdp;
  } catch {
    // Built for another machine: as if it were not there.
    return undefined;
  }
}

function places(): string[] {
  const found = [path.join(__dirname, FILE)];
  for (let folder = __dirname; path.dirname(folder) !== folder; folder = path.dirname(folder)) {
    found.push(path.join(folder, 'dist', 'sip-plane', 'native', FILE));
  }
  return found;
}
