import { isIP } from 'node:net';
import { z } from 'zod';
import { host, ms, port } from './fields';

const knownPort = (transport: string) =>
  port.min(1).nullable().default(null).describe(`Its ${transport} port; null: the port that we listen on.`);

/** The address of an IP load balancer or NAT box before a leg, by which others reach us. */
export const advertised = z.strictObject({
  host: host.describe('Address that others send to: of an IP load balancer, a virtual address or a NAT box.'),
  udpPort: knownPort('UDP'),
  tcpPort: knownPort('TCP'),
  tlsPort: knownPort('TLS'),
  wsPort: knownPort('WebSocket'),
  wssPort: knownPort('WebSocket over TLS'),
  inVia: z
    .boolean()
    .default(false)
    .describe('true: it stands in Via too, not only in Record-Route; answers then come by it.'),
  aliases: z
    .array(host)
    .default([])
    .describe('More addresses, at the same ports, that mean us in Route and Request-URI.'),
});

const range = z.string().refine(isRange, { error: 'expected an address or a range, such as 10.0.0.0/8 or fd00::/8' });

function isRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Keys of sip: what the guides promise about addresses. */
export const addressKeys = {
  publicHost: host
    .nullable()
    .default(null)
    .describe(
      'Address of the NAT box before the external leg: stands in its Record-Route and takes the place of a node in Contact; null: none.',
    ),
  publicIpv6Host: host.nullable().default(null).describe('The same for IPv6 listeners.'),
  directPeers: z
    .array(range)
    .max(100)
    .default([])
    .describe(
      'Ranges of peers that are told our own addresses instead of the advertised ones: those in the same network.',
    ),
  hostNames: z
    .array(
      z.string().regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, { error: 'expected a host name or *.NAME' }),
    )
    .max(100)
    .default([])
    .describe(
      'Names that mean us when they stand in Route, such as sip.example.com; *.example.com: every name below it.',
    ),
};

const status = z.int().min(300).max(699);
const limit = (value: number | null) => z.int().min(1).max(1_000_000).nullable().default(value);

/** sip.health: what in a node's traffic keeps new calls from it. */
export const health = z
  .strictObject({
    failureCodes: z.array(status).default([503]).describe('Status codes of a node that count as its failures.'),
    maxFailures: limit(5).describe(
      'More failures than this within failureWindowMs: no new calls for ejectMs; null: never.',
    ),
    failureWindowMs: ms.default(300_000).describe('Failures are counted anew after this time.'),
    maxUnanswered: limit(null).describe(
      'More requests than this without any response, for longer than unansweredMs, and the node counts as dead for ejectMs; null: never.',
    ),
    unansweredMs: ms.default(5000).describe('See maxUnanswered.'),
    maxUnreachable: limit(3).describe(
      'So many connections in a row that are refused or time out (TCP, TLS, WebSocket), or datagrams to which ICMP answers that nobody is there (engine native), and the node counts as dead for ejectMs; null: never.',
    ),
    ejectMs: ms
      .default(30_000)
      .describe('How long a node is out the first time; up to ten times as long when it happens again.'),
    maxRetryAfterSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(60)
      .describe(
        'A node that answers 503 with Retry-After gets no new calls for that time, at most for this; 0: not kept to.',
      ),
    maxEjectedPercent: z.int().min(0).max(100).default(50).describe('Most nodes out at a time; one always may be.'),
  })
  .prefault({});

/** Keys of sip: how it goes with nodes and peers. */
export const trafficKeys = {
  health,
  overloadControl: z
    .boolean()
    .default(false)
    .describe('true: nodes may say in Via how much less new work they want (RFC 7339, loss).'),
};

const blocked = {
  blockedValues: z
    .array(z.string().min(3).max(100))
    .max(100)
    .default(['sipvicious', 'sipcli', 'friendly-scanner'])
    .describe('Requests from outside whose User-Agent, To or From has one of these, in any case, are not forwarded.'),
  blockedAnswer: z
    .enum(['drop', 'forbid'])
    .default('drop')
    .describe('drop: they get no answer, so that scanners learn nothing; forbid: 403.'),
};

const errorStatus = z.int().min(500).max(599);

/** Keys of sip: what we answer ourselves, and to whom. */
export const answerKeys = {
  ...blocked,
  sendTrying: z
    .boolean()
    .default(false)
    .describe(
      'true: 100 is sent for every INVITE that goes on, as some trunks want; a stateless proxy should not (RFC 3261 16.11).',
    ),
  noNodeStatus: errorStatus.default(503).describe('Status when no node is usable; the predecessor sent 500.'),
  sendErrorStatus: errorStatus
    .nullable()
    .default(503)
    .describe('Status when a request cannot be sent where it should go; null: no answer, the client tries again.'),
  errorReason: z
    .string()
    .regex(/^[^"\\\r\n]{1,100}$/, { error: 'expected 1 to 100 characters without quotes and backslashes' })
    .nullable()
    .default(null)
    .describe('Text of a Reason header (RFC 3326) on both; null: no Reason header.'),
  extraServerNodes: z
    .array(z.string().refine(isAddressAndPort, { error: 'expected address or address:port, such as 10.0.0.5:5060' }))
    .max(1000)
    .default([])
    .describe(
      'Further servers, trusted like nodes, whose requests go outwards; with one leg only. Port 5060 when none is given.',
    ),
  compat: z
    .strictObject({
      restcomm: z
        .boolean()
        .default(false)
        .describe('true: node_host, node_port and version of the node stand in our Record-Route too.'),
    })
    .prefault({}),
};

function isAddressAndPort(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  return isIP(bracketed ?? plain ?? '') !== 0 && Number(digits) > 0 && Number(digits) < 65_536;
}
