import { status } from '@grpc/grpc-js';
import { explain } from '../../../../cli/admin/admin-session';

function rpcError(code: status, details: string): Error {
  return Object.assign(new Error(`${code} ${details}`), { code, details });
}

test.each([
  [status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:7701'],
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded after 5.001s'],
])('a silent address (%d) is CONTROL_PLANE_UNREACHABLE with the address and what to do', (code, details) => {
  expect(explain(rpcError(code, details), '127.0.0.1:7701')).toMatchObject({
    code: 'CONTROL_PLANE_UNREACHABLE',
    message:
      'no control plane answered at 127.0.0.1:7701; start one with "triplane up", or name another with --admin HOST:PORT',
  });
});

test.each([
  ['Error: self-signed certificate in certificate chain', 'self-signed certificate in certificate chain'],
  [
    "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: x. is not there",
    "Hostname/IP does not match certificate's altnames: Host: x. is not there",
  ],
  [
    'Error: 806C:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:350:\n',
    'it speaks plain text there',
  ],
])('a handshake that failed (%j) says why', (fault, why) => {
  const details = `No connection established. Last error: ${fault}. Resolution note: `;
  expect(explain(rpcError(status.UNAVAILABLE, details), '127.0.0.1:7701')).toMatchObject({
    code: 'CONTROL_PLANE_UNREACHABLE',
    message: `no TLS with 127.0.0.1:7701: ${why}; check cluster.tls, cluster.serverName and the control plane's certificate`,
  });
});

test('a connection that is cut at its first words may want TLS', () => {
  const details =
    'No connection established. Last error: Failed to connect (2026-11-22T00:31:20.928Z). Resolution note: ';
  expect(explain(rpcError(status.UNAVAILABLE, details), '127.0.0.1:7701')).toMatchObject({
    code: 'CONTROL_PLANE_UNREACHABLE',
    message: '127.0.0.1:7701 does not answer plain-text gRPC; if it speaks TLS, configure cluster.tls',
  });
});

test('a refusal keeps the words of the control plane', () => {
  expect(explain(rpcError(status.NOT_FOUND, 'no node "app9"'), '127.0.0.1:7701')).toMatchObject({
    code: 'REQUEST_REFUSED',
    message: '127.0.0.1:7701 says NOT_FOUND: no node "app9"',
  });
  expect(explain(rpcError(status.UNAVAILABLE, 'not synced yet'), '127.0.0.1:7701')).toMatchObject({
    code: 'REQUEST_REFUSED',
  });
});

test('what is no gRPC error stays as it is', () => {
  const bug = new TypeError('x');
  expect(explain(bug, '127.0.0.1:7701')).toBe(bug);
});
