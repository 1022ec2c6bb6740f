import { z } from 'zod';
import { host, hostPort, listener, ms, network, port, proxyProtocol, workers } from './fields';
import { tlsClient, tlsServer } from './tls-schema';

const smppPool = z
  .strictObject({
    bindsPerSmsc: z.int().min(1).max(64).default(1).describe('Binds to each SMSC per account and kind of bind.'),
    affinityKey: z
      .enum(['systemId', 'source', 'destination'])
      .default('systemId')
      .describe('What of a message header-hash and other algorithms by key look at.'),
    toEsme: z
      .enum(['round-robin', 'broadcast'])
      .default('round-robin')
      .describe('Who of an account gets what an SMSC sends by itself: one in turn, or all.'),
    slowStartMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(30_000)
      .describe('An SMSC that joins or returns gets its full share after this time; 0: at once.'),
    ejectAfter: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(20)
      .describe('Failed messages in a row after which an SMSC gets no new ones for a while; 0: never.'),
    ejectMs: ms.default(10_000).describe('How long; the second time twice as long, and so on up to eight times.'),
    partsMs: ms.default(300_000).describe('How long the parts of one long message are kept together.'),
    receiptsMs: z
      .int()
      .min(1000)
      .max(30 * 86_400_000)
      .default(72 * 3_600_000)
      .describe('How long message ids are remembered for receipts, query_sm, cancel_sm and replace_sm.'),
    maxRemembered: z.int().min(1).max(10_000_000).default(200_000).describe('Most of them remembered per account.'),
  })
  .prefault({});

/** The section `smpp`. */
export const smpp = z
  .strictObject({
    planeId: z.string().min(1).max(64).optional().describe('Name of this plane; default smpp-<host name>.'),
    workers: workers(
      'Only 1, since binds, windows and limits of an account live in one process; auto is 1 here.',
    ).refine((count) => count === 'auto' || count === 1, {
      error: 'expected 1 (an account lives in one process); run another SMPP plane',
    }),
    listen: listener(2776, 'the SMPP plane'),
    admin: listener(2009, "the SMPP plane's health and metrics"),
    remoteServers: z
      .array(hostPort)
      .default([])
      .describe('SMSCs that do not register: host:port. Used beside the registered ones.'),
    remoteServersTls: z.boolean().default(false).describe('Whether remoteServers speak TLS (isRemoteServerSsl).'),
    tlsPort: port
      .nullable()
      .default(null)
      .describe('Port for ESMEs over TLS, by custom 2876 (smppSslPort); needs tls; null: no TLS.'),
    tls: tlsServer.optional(),
    clientTls: tlsClient.prefault({}),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe('Name that certificates of SMSCs must carry; absent: their address.'),
    sourceHost: host.optional().describe('Address that SMSCs are dialled from; absent: the system chooses.'),
    proxyProtocol,
    allow: z
      .record(z.string(), z.array(network))
      .default({})
      .describe('system_id to the networks that it may bind from; one that is not listed may from anywhere.'),
    mode: z
      .enum(['session', 'pool'])
      .default('session')
      .describe('session: each ESME bind has its own SMSC bind; pool: binds are shared, messages balanced (muxMode).'),
    pool: smppPool,
    rate: z
      .strictObject({
        perSystemId: z
          .number()
          .positive()
          .optional()
          .describe('Messages a second of all sessions of one system_id, parts counted; absent: no limit.'),
        perSmsc: z.number().positive().optional().describe('Messages a second to one SMSC; absent: no limit.'),
        policy: z
          .enum(['delay', 'throttle'])
          .default('delay')
          .describe('What happens to more: read later, or answered ESME_RTHROTTLED.'),
      })
      .prefault({}),
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
  .refine((settings) => settings.tlsPort === null || settings.tls !== undefined, {
    path: ['tls'],
    error: 'expected a certificate, since tlsPort is set',
  })
  .prefault({});
