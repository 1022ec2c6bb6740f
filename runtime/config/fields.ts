import { isIP } from 'node:net';
import { z } from 'zod';

/** A port to listen on; 0 takes a free one. */
export const port = z.int().min(0).max(65_535);

/** A time in milliseconds, up to a day. */
export const ms = z.int().min(1).max(86_400_000);

/** An IP address of this machine or another, no brackets. */
export const host = z
  .string()
  .refine((text) => isIP(text) !== 0, { error: 'expected an IP address, such as 127.0.0.1 or ::1' });

/** `host:port`, brackets around IPv6. */
export const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/, { error: 'expected host:port, such as 127.0.0.1:7700' });

/** Address and port of one listener. */
export const listener = (defaultPort: number, what: string) =>
  z
    .strictObject({
      host: host.default('127.0.0.1').describe(`Address that ${what} listens on.`),
      port: port.default(defaultPort).describe(`Port that ${what} listens on; 0 takes a free one.`),
    })
    .prefault({});

/** An address or a network: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`. */
export const network = z
  .string()
  .refine(isNetwork, { error: 'expected an IP address or a network, such as 192.0.2.0/24' });

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Proxies in front of a listener that say with the PROXY protocol (versions 1 and 2) where each connection comes from. */
export const proxyProtocol = z
  .strictObject({
    from: z
      .array(network)
      .default([])
      .describe(
        'Proxies whose every connection begins with a PROXY header of version 1 or 2; from all others such a header is not taken.',
      ),
    timeoutMs: ms.default(3000).describe('The whole PROXY header must have come within this time.'),
  })
  .prefault({});

/** How many processes a plane runs as. */
export const workers = (text: string) =>
  z
    .union([z.literal('auto'), z.int().min(1).max(64)], { error: 'expected auto, or a number from 1 to 64' })
    .default(1)
    .describe(`Processes that share the ports; auto: one for each core. ${text}`);
