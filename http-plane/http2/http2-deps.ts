import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { TlsMaterial } from '../../runtime/tls';
import type { ForwarderOptions } from '../forward';
import type { Tunnels } from '../tunnel';
import type { CleanRequest } from './clean-request';
import type { NodeSender } from './node-sender';

/** What all streams of HTTP/2 share. */
export interface Http2Deps extends ForwarderOptions {
  readonly sender: NodeSender;
  readonly tunnels: Tunnels;
  readonly nodeTls: TlsMaterial;
}

/** One stream, its request checked. */
export interface Http2Pair {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly clean: CleanRequest;
  /** Of the client. */
  readonly address: string;
  /** What the client says of those before it is believed. */
  readonly trusted: boolean;
}
