import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Length of a big body, octets. */
export const BIG_BYTES = 300 * 1024 * 1024;
const PIECE = Buffer.alloc(65_536, 0x78);
/** A slow peer takes this much, then rests for 10 ms: about 25 MB/s. */
const SLOW_BYTES = 256 * 1024;

/** Reads a body as a slow peer does; returns how much came, also when it was cut. */
export async function readSlowly(stream: IncomingMessage): Promise<number> {
  let [bytes, sinceRest] = [0, 0];
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length;
      sinceRest += piece.length;
      if (sinceRest < SLOW_BYTES) continue;
      sinceRest = 0;
      await pause(10);
    }
  } catch {
    // Slow bodies that never end are cut by the plane.
  }
  return bytes;
}

/** Writes a big body as fast as it is taken. */
export async function writeAll(to: NodeJS.WritableStream): Promise<void> {
  for (let sent = 0; sent < BIG_BYTES; sent += PIECE.length) {
    if (!to.write(PIECE)) {
      await new Promise((resolve) => {
        to.once('drain', resolve);
      });
    }
  }
  to.end();
}
