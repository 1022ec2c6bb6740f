import { z } from 'zod';
import { host, listener, ms, network, port, proxyProtocol, workers } from './fields';
import { tlsCertificate, tlsClient, tlsServer } from './tls-schema';

const rewriteRule = z.strictObject({
  from: z
    .string()
    .min(1)
    .refine(isPattern, { error: 'expected a regular expression' })
    .describe('Regular expression that is looked for in the path of a request.'),
  to: z.string().describe('What takes the place of each match; $1 is the first group.'),
  ignoreCase: z.boolean().default(false).describe('Upper and lower case are the same to from.'),
  withQuery: z.boolean().default(false).describe('from sees the query too; else it stays behind the new path.'),
  last: z.boolean().default(false).describe('No later rule is tried when this one fits.'),
  redirect: z
    .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
    .optional()
    .describe('Status of a redirection to what came out; absent: the request goes on with it.'),
});

/** Everything of the HTTP plane. */
export const http = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default http-<host name>.'),
    workers: workers('Limits of connections, ejections and retries hold for each by itself.'),
    listen: listener(2080, 'the HTTP plane'),
    https: z
      .strictObject({
        host: host.default('127.0.0.1').describe('Address that the HTTPS listener listens on.'),
        port: port.nullable().default(null).describe('HTTPS port, by custom 2081; needs tls; null: none.'),
        tls: tlsServer.optional(),
        certificates: z
          .array(tlsCertificate)
          .default([])
          .describe('More certificates: a client gets the one for the host that it names (SNI), else that of tls.'),
        redirect: z
          .boolean()
          .default(false)
          .describe('Sends clients of the plain listener to the HTTPS listener with 302.'),
        http2: z.boolean().default(true).describe('Offers HTTP/2 to clients of the HTTPS listener by ALPN.'),
      })
      .refine(({ port: number, tls }) => number === null || tls !== undefined, {
        path: ['tls'],
        error: 'expected a tls section, since https.port is set',
      })
      .prefault({}),
    nodeTls: tlsClient.prefault({}),
    nodeServerName: z
      .string()
      .min(1)
      .optional()
      .describe('Name that certificates of HTTPS nodes are checked for; absent: their address.'),
    encryptToNodes: z
      .boolean()
      .default(false)
      .describe('Requests of the HTTPS listener go to the HTTPS port of nodes that have one (no terminateTLSTraffic).'),
    admin: listener(2008, "the HTTP plane's health and metrics"),
    affinityKey: z
      .string()
      .min(1)
      .default('appsession')
      .describe('Query parameter that is hashed like the SIP affinity key (httpAffinityKey of the guides).'),
    stickyCookie: z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/)
      .optional()
      .describe('Name of a cookie of our own that holds a client at its node; absent: no such cookie.'),
    ejection: z
      .strictObject({
        after: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(5)
          .describe('Failures in a row (5xx, broken or missing answers) that eject a node; 0: never.'),
        baseMs: ms.default(30_000).describe('How long, times the number of ejections so far, at most ten times.'),
        maxPercent: z
          .int()
          .min(0)
          .max(100)
          .default(10)
          .describe('Most nodes ejected at once, of all; one may always be, the last usable one never.'),
      })
      .prefault({}),
    check: z
      .strictObject({
        kind: z
          .enum(['http', 'tcp'])
          .default('http')
          .describe('GET of the path, or whether the port takes connections.'),
        path: z
          .string()
          .regex(/^\/[\x21-\x7e]*$/)
          .default('/')
          .describe('What nodes are asked for.'),
        status: z
          .string()
          .regex(/^[1-5]\d\d(-[1-5]\d\d)?$/, { error: 'expected a status or a range, such as 200-399' })
          .default('200-399')
          .describe('Status, or range of them, of a node that is well.'),
        intervalMs: ms.default(5000).describe('Between two rounds of checks.'),
        timeoutMs: ms.default(2000).describe('A node must answer a check within this time.'),
        rise: z.int().min(1).max(100).default(2).describe('Good answers in a row that bring a node back.'),
        fall: z.int().min(1).max(100).default(3).describe('Bad answers in a row that eject a node.'),
      })
      .optional(),
    requestCheckPattern: z
      .string()
      .min(1)
      .refine(isPattern, { error: 'expected a regular expression' })
      .optional()
      .describe('A node that answers a request whose target matches this with 400 or more is ejected at once.'),
    unavailableHost: z
      .string()
      .min(1)
      .optional()
      .describe('Host that clients are sent to when no node is usable; without it they get 503.'),
    unavailableMode: z
      .enum(['redirect', 'proxy'])
      .default('redirect')
      .describe('Whether clients are redirected to unavailableHost with 302, or their requests passed on to it.'),
    retryAfterSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(5)
      .describe('Retry-After of a 503 when no node is usable; 0 leaves it out.'),
    trustedProxies: z
      .array(network)
      .default([])
      .describe('Proxies in front of the plane whose X-Forwarded-… and Forwarded are believed and continued.'),
    forwarded: z
      .boolean()
      .default(false)
      .describe('Tells nodes who the client is in Forwarded (RFC 7239) too, behind what trusted proxies say there.'),
    proxyProtocol,
    rewrite: z
      .array(rewriteRule)
      .default([])
      .describe('Rules that change the target of requests before a node is chosen, tried in their order.'),
    accessLog: z
      .strictObject({
        file: z.string().min(1).describe('File that gets a line per request; SIGHUP opens it anew.'),
        format: z.enum(['common', 'json']).default('common').describe('NCSA common log format, or JSON lines.'),
      })
      .optional(),
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

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
