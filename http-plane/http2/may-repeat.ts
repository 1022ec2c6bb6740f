import type { HttpFigures } from '../figures';
import type { CleanRequest } from './clean-request';

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const MIN_RETRIES = 3;

/**
 * May a request that a node may have read be sent once more (RFC 9110 9.2.2)? Its method allows it, there is no body that was read
 * already, and at most a fifth of the requests in flight are retries.
 */
export function mayRepeat(
  { method, hasBody }: Pick<CleanRequest, 'method' | 'hasBody'>,
  { active, retrying }: Pick<HttpFigures, 'active' | 'retrying'>,
): boolean {
  return !hasBody && REPEATABLE.has(method) && retrying < Math.max(MIN_RETRIES, active / 5);
}
