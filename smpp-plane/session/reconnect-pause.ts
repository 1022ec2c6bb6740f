import type { Random } from '../../runtime/random';
import type { SessionLimits } from './session-deps';

type PauseLimits = Pick<SessionLimits, 'reconnectMs' | 'reconnectMaxMs'>;

/** The wait after the n-th failure (from 1), ms: doubles, a quarter more or less, so that many sessions do not come at once. */
export function reconnectPause(
  { limits, random }: { readonly limits: PauseLimits; readonly random: Random },
  failures: number,
): number {
  return meanPause(limits, failures) * (0.75 + random() / 2);
}

/** How long a session tries to be bound anew, ms: all its rounds with their pauses. */
export function rebindPatience(limits: PauseLimits & Pick<SessionLimits, 'rebindRounds'>): number {
  let sum = 0;
  for (let failures = 1; failures <= limits.rebindRounds; failures += 1) sum += meanPause(limits, failures);
  return sum;
}

function meanPause({ reconnectMs, reconnectMaxMs }: PauseLimits, failures: number): number {
  return Math.min(reconnectMaxMs, reconnectMs * 2 ** Math.min(16, failures - 1));
}
