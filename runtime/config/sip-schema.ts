import { z } from 'zod';
import { host, listener, ms, port, workers } from './fields';
import { addressKeys, advertised, answerKeys, trafficKeys } from './sip-guides-schema';
import { tlsClient, tlsServer } from './tls-schema';

const ports = (defaultPort: number | null) => ({
  udpPort: port.nullable().default(defaultPort).describe('UDP port; null: no UDP.'),
  tcpPort: port.nullable().default(defaultPort).describe('TCP port; null: no TCP.'),
  tlsPort: port.nullable().default(null).describe('TLS port, by custom 5061; needs tls; null: no TLS.'),
  wsPort: port.nullable().default(null).describe('Port for SIP over WebSocket (RFC 7118); null: none.'),
  wssPort: port.nullable().default(null).describe('Port for SIP over WebSocket over TLS; needs tls; null: none.'),
});

interface Ports {
  readonly tlsPort: number | null;
  readonly wssPort: number | null;
}

const speaksTls = ({ tlsPort, wssPort }: Ports): boolean => tlsPort !== null || wssPort !== null;

const leg = (defaultPort: number, side: string) =>
  z
    .strictObject({
      host: host.default('127.0.0.1').describe(`Address of the ${side} leg.`),
      ...ports(defaultPort),
      advertised: advertised.optional(),
      listeners: z
        .array(
          z.strictObject({
            host: host.describe('Address, IPv4 or IPv6.'),
            ...ports(null),
            advertised: advertised.optional(),
          }),
        )
        .default([])
        .describe(
          'More addresses of the leg, IPv4 or IPv6: a list of host and the ports above, each null when absent.',
        ),
      tls: tlsServer.optional(),
      clientTls: tlsClient.prefault({}),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe('Name that certificates of those we connect to are checked for; absent: their address.'),
    })
    .refine((settings) => settings.tls !== undefined || ![settings, ...settings.listeners].some(speaksTls), {
      path: ['tls'],
      error: 'expected a certificate, since tlsPort or wssPort is set',
    });

const webSocket = z
  .strictObject({
    origins: z
      .array(z.string().min(1))
      .default([])
      .describe('Origins of web pages that may connect, such as https://phone.example.com; empty: all.'),
    requiredHeaders: z
      .array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'expected the name of a header' }))
      .default([])
      .describe('Headers that a handshake must have, such as Authorization or Cookie; the nodes judge their values.'),
    pingMs: ms
      .default(30_000)
      .describe('How often a WebSocket is pinged; without an answer by the next one it is closed.'),
  })
  .prefault({});

/** The SIP plane's part of triplane.yaml. */
export const sip = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default sip-<host name>.'),
    workers: workers('Needs both legs, and the native engine where there is UDP; limits hold for each by itself.'),
    external: leg(5060, 'external (clients, trunks)').prefault({}),
    internal: leg(5065, 'internal (application nodes)')
      .nullable()
      .prefault({})
      .describe('null: one leg for clients and nodes; nodes are then known by their addresses.'),
    internalTransport: z
      .enum(['udp', 'tcp', 'tls', 'ws', 'wss'])
      .nullable()
      .default(null)
      .describe(
        'Transport towards nodes whatever the client came by, where a node has it; null: the one of the client.',
      ),
    terminateTls: z
      .boolean()
      .default(false)
      .describe('true: what came by TLS or WSS goes on by TCP or WS even to nodes that have TLS.'),
    webSocket,
    admin: listener(2007, "the SIP plane's health and metrics"),
    udpEngine: z
      .enum(['auto', 'native', 'dgram'])
      .default('auto')
      .describe(
        'How UDP is done: native (recvmmsg, sendmmsg; Linux), dgram (everywhere), auto: native where it was built.',
      ),
    ...addressKeys,
    ...trafficKeys,
    ...answerKeys,
    affinityKey: z
      .string()
      .min(1)
      .default('Call-ID')
      .describe('Header whose value is the affinity key; To and From mean the user part of their URI.'),
    affinityExclusionPattern: z
      .string()
      .min(1)
      .optional()
      .describe('Keys that match this pattern as a whole are no keys: affinityFallbackKey is taken then.'),
    affinityFallbackKey: z
      .string()
      .min(1)
      .default('Call-ID')
      .describe('Header that holds the key where that of affinityKey is excluded.'),
    maxMessageBytes: z.int().min(1300).max(1_048_576).default(65_535).describe('Longest message accepted.'),
    maxHeaders: z.int().min(16).max(1024).default(256).describe('Most header lines accepted in one message.'),
    maxConnections: z
      .int()
      .min(1)
      .default(10_000)
      .describe('Most connections per listener: TCP, TLS, WebSocket, each counted by itself.'),
    maxConnectionsPerSource: z
      .int()
      .min(1)
      .default(1000)
      .describe('Most connections from one IP address to the external leg.'),
    messagesPerSecondPerSource: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe(
        'Messages per second taken from one IP address on the external leg, more are dropped unread; null: all.',
      ),
    messageBurstPerSource: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe('How many may come at once before messagesPerSecondPerSource holds.'),
    idleConnectionMs: ms
      .min(32_000)
      .default(600_000)
      .describe('A connection without traffic is closed after this time; at least 32 s.'),
    partialMessageMs: ms
      .default(10_000)
      .describe('A message on a stream, and the handshake before it, must be complete within this time.'),
    decisionCacheMs: ms.default(32_000).describe('How long a transaction keeps its node (RFC 3261 16.11: 64*T1).'),
    decisionCacheSize: z.int().min(1000).default(200_000).describe('Most transactions that are remembered.'),
    maxCalls: z
      .int()
      .min(1000)
      .default(200_000)
      .describe('Most calls whose node is remembered by Call-ID; the longest silent one leaves first.'),
    callIdleMs: ms.default(7_200_000).describe('A call that is up and silent this long counts as ended.'),
    drainMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(0)
      .describe(
        'How long a plane that was told to stop goes on forwarding, while OPTIONS to it and /readyz are answered 503 so that trunks move away.',
      ),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(5)
      .describe('Retry-After of a 503 when no node is usable; 0 leaves it out.'),
  })
  .refine(({ workers: count, internal }) => internal !== null || count === 1 || count === 'auto', {
    path: ['workers'],
    error: 'expected 1, since one leg (internal: null) cannot tell which worker a node answers',
  })
  .prefault({});
