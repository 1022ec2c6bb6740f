import type { Socket } from 'node:net';
import type { OwnAnswer } from '../forward';
import type { RequestStamp } from './request-head';
import type { RelayClient } from './response-relay';

/** The client's side, as its exchange sees it. */
export interface ExchangeClient extends RelayClient {
  readonly stamp: RequestStamp;
  /** The client came over TLS. */
  readonly secure: boolean;
  /** Bytes sent to the client so far. */
  readonly sent: number;
  /** Sets when `expired` of the exchange is called, ms from now. */
  expectWithin(ms: number): void;
  /** Answers for the node; the exchange is over. */
  answer(own: OwnAnswer): void;
  /** The node's answer is complete. */
  done(keepAlive: boolean): void;
  /** The answer can not be completed: the client must see that. */
  cut(): void;
  pause(): void;
  resume(): void;
  /** Hands the socket over, with the bytes that came behind the handshake. */
  detach(): { readonly socket: Socket; readonly early: Buffer };
}
