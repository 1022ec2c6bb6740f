import { Metadata, status, type ServerInterceptingCall, type ServerListener } from '@grpc/grpc-js';
import { DenialLog } from '../../../../control-plane/access/denial-log';
import { Guard } from '../../../../control-plane/access/guard';
import { RegisterRequest } from '../../../../proto';
import { Counters } from '../../../../runtime/counters';
import { callerOf } from '../../../../runtime/grpc';
import type { Identity, TokenBook } from '../../../../runtime/identity';
import { FakeClock } from '../../../support/fake-clock';
import { logLines } from '../../../support/log-lines';

const app1: Identity = { name: 'node/app1', how: 'token', grants: [{ role: 'node', id: 'app1', prefix: false }] };
const tokens = {
  find: (token: string) => (token === 'tp_good' ? app1 : undefined),
  onChange: () => () => undefined,
} as unknown as TokenBook;

interface Outcome {
  /** Undefined: the call went on to the service. */
  readonly code: status | undefined;
  readonly seen: Metadata | undefined;
  readonly messages: readonly unknown[];
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** One call of Register through a guard, without a socket. */
function callFrom(peer: string, authorization: string, message: unknown): Outcome {
  const { logger, lines } = logLines();
  const log = new DenialLog({ clock: new FakeClock(), counters: new Counters(), logger });
  const shared = { trustDomain: 'triplane', certificateRequired: false, secure: false };
  const guard = new Guard({ ...shared, tokens, log, leaseOwner: () => undefined });
  let code: status | undefined = undefined;
  let inner: Required<ServerListener> | undefined = undefined;
  const call = {
    start: (listener: Required<ServerListener>) => void (inner = listener),
    getPeer: () => peer,
    getAuthContext: () => ({}),
    sendStatus: (sent: { code: status }) => void (code = sent.code),
  };
  const method = { path: '/triplane.v1.NodeService/Register' };
  const guarded: ServerInterceptingCall = guard.interceptor(method as never, call as never);
  let seen: Metadata | undefined = undefined;
  const messages: unknown[] = [];
  guarded.start({
    onReceiveMetadata: (metadata: Metadata) => void (seen = metadata),
    onReceiveMessage: (passed: unknown) => void messages.push(passed),
    onReceiveHalfClose: () => undefined,
    onCancel: () => undefined,
  });
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  const listener = inner as unknown as { onReceiveMetadata(m: Metadata): void; onReceiveMessage(m: unknown): void };
  listener.onReceiveMetadata(metadata);
  listener.onReceiveMessage(message);
  return { code, seen, messages, lines };
}

const own = RegisterRequest.create({ node: { nodeId: 'app1' } });

test('a known caller goes on to the service, which knows who it is and does not see the token', () => {
  const { code, seen, messages, lines } = callFrom('127.0.0.1:5000', 'Bearer tp_good', own);
  expect([code, messages, lines]).toEqual([undefined, [own], []]);
  expect(callerOf(seen as Metadata)).toBe(app1);
  expect(seen?.get('authorization')).toEqual([]);
});

test('plain text from another address is UNAUTHENTICATED with an audit line, however good the token', () => {
  const { code, seen, messages, lines } = callFrom('192.0.2.7:5000', 'Bearer tp_good', own);
  expect([code, seen, messages]).toEqual([status.UNAUTHENTICATED, undefined, []]);
  const facts = { audit: 'denied', who: 'unknown', peer: '192.0.2.7:5000', reason: 'TOKEN_EXPOSED' };
  expect(lines).toEqual([expect.objectContaining({ ...facts, status: 'UNAUTHENTICATED' })]);
});

test('a forged token is UNAUTHENTICATED, and its message never reaches the service', () => {
  const { code, messages, lines } = callFrom('127.0.0.1:5000', 'Bearer tp_forged', own);
  expect([code, messages]).toEqual([status.UNAUTHENTICATED, []]);
  expect(lines).toEqual([expect.objectContaining({ reason: 'TOKEN_UNKNOWN' })]);
});

test('a stolen node id is PERMISSION_DENIED, and the message that names it never reaches the service', () => {
  const stolen = RegisterRequest.create({ node: { nodeId: 'app2' } });
  const { code, messages, lines } = callFrom('127.0.0.1:5000', 'Bearer tp_good', stolen);
  expect([code, messages]).toEqual([status.PERMISSION_DENIED, []]);
  expect(lines).toEqual([expect.objectContaining({ reason: 'ID_DENIED', who: 'node/app1' })]);
});
