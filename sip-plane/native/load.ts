import { existsSync } from 'node:fs';
import path from 'node:path';

/** One open socket of the addon; given back to its functions. */
export interface NativeSocket {
  readonly nativeSocket: unique symbol;
}

/** What the addon exports; `udp.c` says what each argument holds. */
export interface NativeUdp {
  /** A file descriptor; `shared`: its address is shared with others bound so. Throws with the system's code (EADDRINUSE, …). */
  bind(host: string, port: number, shared: boolean): number;
  /** With a descriptor in the place of `host`, `port` says nothing. Throws with the system's code. */
  open(
    host: string | number,
    port: number,
    arena: Buffer,
    slotBytes: number,
    records: Uint32Array,
    onBatch: (count: number) => void,
  ): NativeSocket;
  port(socket: NativeSocket | number): number;
  /** How many of the datagrams could not be sent; their lengths in `records` are 0 then. */
  send(socket: NativeSocket, arena: Buffer, records: Uint32Array, count: number): number;
  close(socket: NativeSocket): void;
}

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
