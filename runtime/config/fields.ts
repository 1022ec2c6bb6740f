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
