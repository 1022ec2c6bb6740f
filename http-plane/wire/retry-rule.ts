import type { HttpFigures } from '../figures';
import type { NodeConnection } from './node-connection';
import type { ResponseRelay } from './response-relay';
import type { RequestView } from './request-view';

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const MAX_TRIES = 3;
const MIN_RETRIES = 3;

export interface Attempt {
  readonly connection: NodeConnection;
  readonly view: RequestView;
  readonly relay: ResponseRelay;
  /** Sent so often already. */
  readonly tries: number;
  /** The whole request has been sent, and can be sent again. */
  readonly whole: boolean;
}

/**
 * May a request whose connection failed be sent once more (RFC 9110 9.2.2)? When nothing of it can have reached a node, or when it may
 * be repeated and the node had closed a kept connection as we wrote to it. At most a fifth of the requests in flight are retries.
 */
export function mayRetry({ connection, view, relay, tries, whole }: Attempt, figures: HttpFigures): boolean {
  if (tries >= MAX_TRIES || figures.retrying >= Math.max(MIN_RETRIES, figures.active / 5)) return false;
  if (!connection.connected) return true;
  return connection.uses > 0 && whole && !relay.heard && REPEATABLE.has(view.method);
}
