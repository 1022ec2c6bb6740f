import {
  credentials,
  logVerbosity,
  setLogVerbosity,
  type ChannelCredentials,
  type ChannelOptions,
} from '@grpc/grpc-js';
import { TriplaneError } from '../errors';
import { isLoopback } from './loopback';

/** Finds a frozen peer after 15 s and reconnects within 5 s; grpc-js does neither by itself. */
export const clientChannelOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 250,
  'grpc.max_reconnect_backoff_ms': 5_000,
  'grpc.enable_http_proxy': 0,
};

export const serverChannelOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 1_048_576,
  'grpc.so_reuseport': 0,
};

/** grpc-js writes to standard error by itself; what it has to say reaches people through our errors and logs. */
export function silenceGrpcLibrary(): void {
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
}

/**
 * Credentials for a control plane at `host:port`. Plain text is for loopback, or for those who said `cluster.insecure: true`;
 * otherwise INSECURE_REFUSED.
 */
export function channelCredentials(target: string, insecure: boolean): ChannelCredentials {
  const host = target.slice(0, target.lastIndexOf(':'));
  if (!insecure && !isLoopback(host)) {
    throw new TriplaneError(
      'INSECURE_REFUSED',
      `plain-text gRPC to ${target} is refused; configure cluster.tls, use a loopback address, or set cluster.insecure: true in a network that you trust`,
    );
  }
  silenceGrpcLibrary();
  return credentials.createInsecure();
}
