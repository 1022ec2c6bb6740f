import { z } from 'zod';
import { hostPort, listener } from './fields';
import { tlsClient, tlsServer } from './tls-schema';

/** A gRPC listener of the control plane: host, port and TLS. */
export const grpcListener = (defaultPort: number, what: string) =>
  listener(defaultPort, what).unwrap().extend({ tls: tlsServer.optional() }).prefault({});

/** The keys of `cluster` that say how control planes are reached and what is shown to them. */
export const dialing = {
  insecure: z
    .boolean()
    .default(false)
    .describe('Allows gRPC in plain text, or open to everybody, on addresses other than loopback.'),
  tls: tlsClient.optional(),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe("Name that the control planes' certificates must have; absent: the host that is dialled."),
  tokenFile: z
    .string()
    .min(1)
    .optional()
    .describe('File whose first line is the token to show to control planes, for those without a certificate.'),
};

/** The keys that say how a Consul agent is reached. */
export const consulAgent = {
  address: hostPort.default('127.0.0.1:8500').describe('HTTP address of the Consul agent.'),
  tokenFile: z.string().min(1).optional().describe('File with the ACL token; without it CONSUL_HTTP_TOKEN is used.'),
  tls: tlsClient.optional(),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe("Name that the agent's certificate must have; absent: the host that is dialled."),
};

/** Who is let in at the control plane's gRPC listeners. */
export const auth = z
  .strictObject({
    tokensFile: z
      .string()
      .min(1)
      .optional()
      .describe('Tokens that are let in: a line of SHA-256, role and id for each; `triplane token` prints such lines.'),
    trustDomain: z
      .string()
      .regex(/^[a-z0-9._-]{1,255}$/, { error: 'expected 1-255 characters of a-z 0-9 . _ -' })
      .default('triplane')
      .describe('Certificates say who calls as spiffe://<trustDomain>/<role>/<id>.'),
  })
  .prefault({});

/** How long one key signs node hints. */
export const hintKeyHours = z
  .int()
  .min(0)
  .max(8760)
  .default(24)
  .describe(
    'Planes sign node hints with a new key after so many hours; the old one is taken until the next. 0: never.',
  );

/** How fast nodes may register. */
export const registration = z
  .strictObject({
    perSecond: z.int().min(1).default(1000).describe('Registrations that one address may make per second for long.'),
    burst: z.int().min(1).default(10_000).describe('Registrations that one address may make at once.'),
  })
  .prefault({});
