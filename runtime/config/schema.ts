import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * The whole of triplane.yaml. Every key has its default and its meaning here and nowhere else:
 * `triplane config explain KEY` and docs/configuration.md read this file.
 */
const port = z.int().min(0).max(65_535);
const ms = z.int().min(1).max(86_400_000);
const host = z
  .string()
  .refine((text) => isIP(text) !== 0, { error: 'expected an IP address, such as 127.0.0.1 or ::1' });
const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/, { error: 'expected host:port, such as 127.0.0.1:7700' });

const listener = (defaultPort: number, what: string) =>
  z
    .strictObject({
      host: host.default('127.0.0.1').describe(`Address that ${what} listens on.`),
      port: port.default(defaultPort).describe(`Port that ${what} listens on; 0 takes a free one.`),
    })
    .prefault({});

const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least serious level that is logged.'),
    format: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .describe('json for machines, text for people; auto is text on a terminal.'),
  })
  .prefault({});

const telemetry = z
  .strictObject({
    traceRatio: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe('Share of traffic (calls, requests, messages) that is traced; admin actions always are.'),
  })
  .prefault({});

const cluster = z
  .strictObject({
    controlPlanes: z
      .array(hostPort)
      .min(1)
      .default(['127.0.0.1:7700'])
      .describe('gRPC addresses of the control planes, for planes and nodes.'),
    admin: hostPort.default('127.0.0.1:7701').describe('gRPC address of the admin service, for the command line.'),
    insecure: z.boolean().default(false).describe('Allows plain-text gRPC on addresses other than loopback.'),
    stateDir: z
      .string()
      .min(1)
      .default('var')
      .describe('Directory of the last-good files; relative to the working directory.'),
  })
  .prefault({});

const routing = (algorithm: string) =>
  z
    .strictObject({
      algorithm: z
        .string()
        .min(1)
        .default(algorithm)
        .describe('Algorithm in force until `triplane algorithm set` changes it.'),
      parameters: z.record(z.string(), z.string()).default({}).describe('Parameters of the algorithm.'),
    })
    .prefault({});

const control = z
  .strictObject({
    grpc: listener(7700, 'the gRPC service for nodes and planes'),
    admin: listener(7701, 'the gRPC service for operators'),
    http: listener(2006, 'the HTTP face (/healthz, /readyz, /lbstat, /lbinfo, /metrics)'),
    jsonHeartbeat: z
      .strictObject({
        host: host.default('127.0.0.1').describe("Address for the predecessor's HTTP/JSON heartbeats."),
        port: port
          .nullable()
          .default(null)
          .describe("Port for the predecessor's HTTP/JSON heartbeats, by custom 2610; null: off."),
      })
      .prefault({}),
    lease: z
      .strictObject({
        ttlMs: ms
          .default(6000)
          .describe('A node that is silent this long becomes SUSPECT. At least three times intervalMs.'),
        intervalMs: ms.default(2000).describe('How often nodes are told to send heartbeats.'),
        removalDelayMs: ms.default(60_000).describe('How long a SUSPECT node is kept before it is removed.'),
      })
      .refine((lease) => lease.ttlMs >= 3 * lease.intervalMs, {
        path: ['ttlMs'],
        error: 'expected at least three times lease.intervalMs, or one late heartbeat would kill a node',
      })
      .prefault({}),
    startGraceMs: z
      .int()
      .min(0)
      .optional()
      .describe('A fresh control plane pushes nothing for this long while nodes return to it. Default: lease.ttlMs.'),
    drainTimeoutMs: ms
      .default(600_000)
      .describe('How long a drain waits for sessions when the operator names no time.'),
    guard: z
      .strictObject({
        percent: z
          .int()
          .min(1)
          .max(100)
          .default(30)
          .describe('More of a pool than this expiring within one TTL raises the mass-removal guard.'),
        minNodes: z.int().min(1).default(2).describe('The guard never rises for this many nodes or fewer.'),
        maxMs: ms.default(600_000).describe('The guard ends by itself after this time.'),
      })
      .prefault({}),
    canaryWindowMs: ms
      .default(30_000)
      .describe('How long a config on trial must run without more failures before all planes get it.'),
    statsIntervalMs: ms.default(1000).describe('How often planes report their figures.'),
    routing: z
      .strictObject({ sip: routing('call-id-affinity'), http: routing('round-robin'), smpp: routing('round-robin') })
      .prefault({}),
  })
  .prefault({});

const sipLeg = (udpPort: number, side: string) =>
  z
    .strictObject({
      host: host.default('127.0.0.1').describe(`Address of the ${side} leg.`),
      udpPort: port.nullable().default(udpPort).describe('UDP port; null: no UDP.'),
      tcpPort: port.nullable().default(udpPort).describe('TCP port; null: no TCP.'),
    })
    .prefault({});

const sip = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default sip-<host name>.'),
    external: sipLeg(5060, 'external (clients, trunks)'),
    internal: sipLeg(5065, 'internal (application nodes)'),
    admin: listener(2007, "the SIP plane's health and metrics"),
    affinityKey: z
      .string()
      .min(1)
      .default('Call-ID')
      .describe('Header whose value is the affinity key; To and From mean the user part of their URI.'),
    maxMessageBytes: z.int().min(1300).max(1_048_576).default(65_535).describe('Longest message accepted.'),
    maxHeaders: z.int().min(16).max(1024).default(256).describe('Most header lines accepted in one message.'),
    maxConnections: z.int().min(1).default(10_000).describe('Most TCP connections per leg.'),
    idleConnectionMs: ms
      .min(32_000)
      .default(600_000)
      .describe('A TCP connection without traffic is closed after this time; at least 32 s.'),
    partialMessageMs: ms.default(10_000).describe('A TCP message must be complete within this time.'),
    decisionCacheMs: ms.default(32_000).describe('How long a transaction keeps its node (RFC 3261 16.11: 64*T1).'),
    decisionCacheSize: z.int().min(1000).default(200_000).describe('Most transactions that are remembered.'),
    maxCalls: z
      .int()
      .min(1000)
      .default(200_000)
      .describe('Most calls whose node is remembered by Call-ID; the longest silent one leaves first.'),
    callIdleMs: ms.default(7_200_000).describe('A call that is up and silent this long counts as ended.'),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(5)
      .describe('Retry-After of a 503 when no node is usable; 0 leaves it out.'),
  })
  .prefault({});

const http = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default http-<host name>.'),
    listen: listener(2080, 'the HTTP plane'),
    admin: listener(2008, "the HTTP plane's health and metrics"),
    affinityKey: z
      .string()
      .min(1)
      .default('appsession')
      .describe('Query parameter that is hashed like the SIP affinity key (httpAffinityKey of the guides).'),
    unavailableHost: z
      .string()
      .min(1)
      .optional()
      .describe('Host that clients are redirected to when no node is usable; without it they get 503.'),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(5)
      .describe('Retry-After of a 503 when no node is usable; 0 leaves it out.'),
    connectTimeoutMs: ms.default(2000).describe('A node must accept a connection within this time.'),
    responseTimeoutMs: ms
      .default(60_000)
      .describe('A node must begin its answer, and send each next piece of it, within this time.'),
    headTimeoutMs: ms.default(10_000).describe('A client must send the whole head of a request within this time.'),
    bodyTimeoutMs: ms.default(60_000).describe('A client must send each next piece of a body within this time.'),
    nodeIdleMs: ms
      .default(4000)
      .describe('A kept connection to a node is closed after this time; less than the keep-alive time of the nodes.'),
    maxNodeConnections: z.int().min(1).default(4096).describe('Most connections to one node.'),
    idleTimeoutMs: ms.default(65_000).describe('A client connection without requests is closed after this time.'),
    tunnelIdleMs: ms.default(3_600_000).describe('A WebSocket without traffic is closed after this time.'),
    maxConnections: z.int().min(1).default(10_000).describe('Most client connections.'),
    via: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/)
      .default('triplane')
      .describe('Pseudonym in the Via header.'),
  })
  .prefault({});

const smpp = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default smpp-<host name>.'),
    listen: listener(2776, 'the SMPP plane'),
    admin: listener(2009, "the SMPP plane's health and metrics"),
    remoteServers: z
      .array(hostPort)
      .default([])
      .describe('SMSCs that do not register: host:port. Used beside the registered ones.'),
    bindTimeoutMs: ms.default(5000).describe('An ESME must bind within this time (timeoutConnection of the guides).'),
    connectTimeoutMs: ms
      .default(2000)
      .describe('An SMSC must accept a connection and answer the bind within this time each.'),
    responseTimeoutMs: ms
      .default(60_000)
      .describe('A request without an answer is answered ESME_RSYSERR after this time (timeoutResponse).'),
    enquireLinkMs: ms
      .default(30_000)
      .describe('A silent session is asked by enquire_link after this time (timeoutEnquire).'),
    enquireLinkTimeoutMs: ms
      .default(10_000)
      .describe('A session that answers nothing to enquire_link in this time is lost (timeoutConnectionCheck…).'),
    inactivityMs: ms.optional().describe('A session without a message in this time is unbound; absent: never.'),
    reconnectMs: ms
      .default(1000)
      .describe('First wait between rounds of rebinding over all SMSCs; it doubles (reconnectPeriod).'),
    reconnectMaxMs: ms.default(30_000).describe('Longest wait between rounds of rebinding.'),
    rebindRounds: z.int().min(1).max(1000).default(10).describe('Rounds over all SMSCs before the ESME is closed.'),
    maxPduBytes: z
      .int()
      .min(1024)
      .max(1_048_576)
      .default(131_072)
      .describe('Longest PDU accepted of a bound peer; before the bind it is 1024.'),
    maxSessions: z.int().min(1).default(10_000).describe('Most ESME connections.'),
    maxInFlight: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Most unanswered requests per session; more are not read until answers come.'),
  })
  .prefault({});

export const configSchema = z.strictObject({ log, telemetry, cluster, control, sip, http, smpp });

/** A complete, valid configuration: all defaults filled in. */
export type Config = z.infer<typeof configSchema>;
export type ControlConfig = Config['control'];
export type SipConfig = Config['sip'];
export type HttpConfig = Config['http'];
export type SmppConfig = Config['smpp'];
export type ClusterConfig = Config['cluster'];
