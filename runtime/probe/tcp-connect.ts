import { connect } from 'node:net';
import type { Endpoint } from '../../proto';

export interface Exchange {
  /** Sent when the connection is up; undefined: a connection is all that is asked for. */
  readonly request?: Buffer;
  /** Told all that came so far: undefined while it is too little, '' when well, else the reason. */
  readonly judge?: (received: Buffer) => string | undefined;
}

const MOST_BYTES = 65_536;

/** Connects, sends the request and lets `judge` decide. Undefined when well, else the reason. */
export function probeTcp(
  { host, port }: Endpoint,
  timeoutMs: number,
  exchange: Exchange = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const chunks: Buffer[] = [];
    const end = (reason: string): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(reason === '' ? undefined : reason);
    };
    const limit = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.on('error', (error) => end(error.message));
    socket.on('end', () => end('the connection was closed before the answer'));
    socket.on('connect', () => {
      if (exchange.request === undefined) end('');
      else socket.write(exchange.request);
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const received = Buffer.concat(chunks);
      const verdict =
        exchange.judge?.(received) ?? (received.length > MOST_BYTES ? 'the answer is too long' : undefined);
      if (verdict !== undefined) end(verdict);
    });
  });
}
