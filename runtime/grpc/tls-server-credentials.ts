import { ServerCredentials } from '@grpc/grpc-js';
import type { TlsMaterial } from '../tls';

const HANDSHAKE_MS = 10_000;

/**
 * A gRPC server's side of TLS that takes each new certificate of its material while streams stay. A client certificate is asked for and
 * checked where the material says so, but who comes without a good one is refused call by call and not by the handshake:
 * then the caller gets UNAUTHENTICATED and the operator a line in the log, where a broken handshake says nothing to either.
 */
export class TlsServerCredentials extends ServerCredentials {
  constructor(material: TlsMaterial) {
    super(
      {
        requestCert: material.serverOptions.requestCert ?? false,
        rejectUnauthorized: false,
        handshakeTimeout: HANDSHAKE_MS,
      },
      material.contextOptions,
    );
    material.onChange(() => this.updateSecureContextOptions(material.contextOptions));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
