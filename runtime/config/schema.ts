import { z } from 'zod';
import { LOG_LEVELS } from '../log-level';
import { auth, consulAgent, dialing, grpcListener, hintKeyHours, registration } from './door-schema';
import { host, hostPort, listener, ms, port } from './fields';
import { http } from './http-schema';
import { sip } from './sip-schema';
import { smpp } from './smpp-schema';

/**
 * The whole of triplane.yaml. Every key has its default and its meaning here and nowhere else:
 * `triplane config explain KEY` and docs/configuration.md read this file.
 */
const NODE_PORTS = [
  ...(['sipUdp', 'sipTcp', 'sipTls', 'sipWs', 'sipWss'] as const),
  ...(['http', 'https', 'ws', 'wss', 'smpp', 'smppTls'] as const),
] as const;

const nodePort = (what: string) => z.int().min(1).max(65_535).optional().describe(`Port for ${what}.`);

const log = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least serious level that is logged.'),
    format: z
      .enum(['auto', 'json', 'text'])
      .default('auto')
      .describe('json for machines, text for people; auto is text on a terminal.'),
  })
  .prefault({});

const operator = z
  .strictObject({
    login: z.string().min(1).default('operator').describe('Login for /lbloglevel and /lbstop of every process.'),
    passwordFile: z
      .string()
      .min(1)
      .optional()
      .describe('File whose first line is the password for them; absent: they refuse everybody.'),
    stopDelayMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(10_000)
      .describe('After /lbstop, and without its HTTP port, a process works on for so long, then closes.'),
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
    consul: z
      .strictObject({
        ...consulAgent,
        discover: z
          .boolean()
          .default(true)
          .describe('Planes and nodes find control planes in Consul; controlPlanes is used until it has named some.'),
        register: z.boolean().default(true).describe('Planes register there as triplane-sip-plane and so on.'),
      })
      .optional(),
    admin: hostPort.default('127.0.0.1:7701').describe('gRPC address of the admin service, for the command line.'),
    ...dialing,
    stateDir: z
      .string()
      .min(1)
      .default('var')
      .describe('Directory of the last-good files; relative to the working directory.'),
    algorithms: z
      .array(z.string().min(1))
      .default([])
      .describe('JavaScript files with algorithms of your own (docs/algorithms.md), loaded by every plane.'),
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

const poolName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'expected 1-64 characters of A-Z a-z 0-9 . _ -' })
  .default('default');

const staticNode = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'expected 1-64 characters of A-Z a-z 0-9 . _ -' })
      .describe('Name of the node.'),
    address: host.describe('IP address that the planes reach it at.'),
    sipUdp: nodePort('SIP over UDP'),
    sipTcp: nodePort('SIP over TCP'),
    sipTls: nodePort('SIP over TLS'),
    sipWs: nodePort('SIP over WebSocket'),
    sipWss: nodePort('SIP over secure WebSocket'),
    http: nodePort('HTTP'),
    https: nodePort('HTTPS'),
    ws: nodePort('WebSockets, when it is not the one of http'),
    wss: nodePort('secure WebSockets, when it is not the one of https'),
    smpp: nodePort('SMPP'),
    smppTls: nodePort('SMPP over TLS'),
    pool: poolName.describe('Pool of the node.'),
    weight: z.int().min(0).max(1000).default(100).describe('Share of new work; 0: none.'),
    jvmRoute: z.string().max(64).default('').describe('Suffix of its session ids; default its id.'),
    version: z.string().max(256).default('').describe('Version of its software.'),
    probe: z
      .strictObject({
        enabled: z.boolean().default(true).describe('false: the node always counts as well.'),
        intervalMs: ms.default(2000).describe('How often its ports are asked.'),
        timeoutMs: ms.default(1000).describe('They must answer within this time.'),
        path: z.string().startsWith('/').default('/').describe('What an HTTP port is asked for.'),
      })
      .prefault({}),
  })
  .refine((node) => NODE_PORTS.some((name) => node[name] !== undefined), {
    error: 'expected at least one port, such as sipUdp, http or smpp',
  });

const importedPort = (what: string) =>
  z
    .union([
      z.string().regex(/^(port|meta\.[A-Za-z0-9_-]{1,128})$/, { error: 'expected port, meta.NAME or a number' }),
      z.int().min(1).max(65_535),
    ])
    .optional()
    .describe(`Port for ${what}: port (of the instance), meta.NAME (of its metadata) or a number.`);

const serviceImport = z.strictObject({
  service: z.string().min(1).max(128).describe("Name in Consul's catalog."),
  tag: z.string().min(1).max(64).optional().describe('Only instances with this tag.'),
  pool: poolName.describe('Pool of the nodes.'),
  ports: z
    .strictObject({
      sipUdp: importedPort('SIP over UDP'),
      sipTcp: importedPort('SIP over TCP'),
      sipTls: importedPort('SIP over TLS'),
      sipWs: importedPort('SIP over WebSocket'),
      sipWss: importedPort('SIP over secure WebSocket'),
      http: importedPort('HTTP'),
      https: importedPort('HTTPS'),
      ws: importedPort('WebSockets, when it is not the one of http'),
      wss: importedPort('secure WebSockets, when it is not the one of https'),
      smpp: importedPort('SMPP'),
      smppTls: importedPort('SMPP over TLS'),
    })
    .refine((ports) => NODE_PORTS.some((name) => ports[name] !== undefined), {
      error: 'expected at least one port, such as http: port',
    }),
});

const control = z
  .strictObject({
    grpc: grpcListener(7700, 'the gRPC service for nodes and planes'),
    admin: grpcListener(7701, 'the gRPC service for operators'),
    http: listener(2006, 'the HTTP face (/healthz, /readyz, /lbstat, /lbinfo, /metrics)'),
    auth,
    registration,
    hintKeyHours,
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
    store: z
      .enum(['memory', 'consul'])
      .default('memory')
      .describe('Where nodes and algorithms are kept: memory for one control plane, consul for several.'),
    consul: z
      .strictObject({
        ...consulAgent,
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/)
          .default('triplane')
          .describe('Where in the key-value store; the same for all control planes of a cluster.'),
        advertise: host
          .optional()
          .describe(
            "Address that others reach this control plane at; absent: control.grpc.host, or the agent's machine when that is 0.0.0.0 or ::.",
          ),
        startTimeoutMs: ms.default(15_000).describe('At its start the control plane waits so long for Consul.'),
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
    import: z
      .array(serviceImport)
      .default([])
      .describe(
        'Services in Consul (of control.consul, whatever the store) whose instances are nodes while their checks pass.',
      ),
    nodes: z.array(staticNode).default([]).describe('Nodes that do not register: their ports are probed instead.'),
    routing: z
      .strictObject({ sip: routing('call-id-affinity'), http: routing('round-robin'), smpp: routing('round-robin') })
      .prefault({}),
  })
  .prefault({});

export const configSchema = z.strictObject({ log, operator, telemetry, cluster, control, sip, http, smpp });

/** A complete, valid configuration: all defaults filled in. */
export type Config = z.infer<typeof configSchema>;
export type ControlConfig = Config['control'];
export type StaticNodeConfig = ControlConfig['nodes'][number];
export type ImportConfig = ControlConfig['import'][number];
export type SipConfig = Config['sip'];
export type HttpConfig = Config['http'];
export type SmppConfig = Config['smpp'];
export type ClusterConfig = Config['cluster'];
