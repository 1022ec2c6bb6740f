import type { Draft } from './draft';
import { reasonFor } from './reasons';

/** The predecessor's SIP algorithms by the last part of their class name. */
export const ALGORITHMS: Readonly<Record<string, string>> = {
  CallIDAffinityBalancerAlgorithm: 'call-id-affinity',
  HeaderConsistentHashBalancerAlgorithm: 'header-hash',
  PureConsistentHashBalancerAlgorithm: 'header-hash',
  PersistentConsistentHashBalancerAlgorithm: 'persistent-hash',
  UserBasedAlgorithm: 'user-affinity',
  ClusterSubdomainAffinityAlgorithm: 'subcluster-affinity',
  ActiveStandbyAlgorithm: 'active-standby',
};

const RAMP_PERIOD = 'trafficRampupCyclePeriod';
const RAMP_PERCENT = 'trafficPercentageIncrease';
const MAX_SLOW_START_MS = 3_600_000;

/** Those that remember keys, and take the parameters of the predecessor's cache. */
const REMEMBERS: readonly string[] = ['call-id-affinity', 'user-affinity', 'subcluster-affinity'];

/** algorithmClass and the keys that belong to one algorithm only. */
export function convertAlgorithm(draft: Draft): void {
  const given = draft.take('algorithmClass');
  const simple = given?.split('.').at(-1) ?? '';
  const algorithm = Object.hasOwn(ALGORITHMS, simple) ? ALGORITHMS[simple] : undefined;
  if (given !== undefined && algorithm === undefined) {
    draft.leave('algorithmClass', given, 'this algorithm is not in this version; call-id-affinity is used');
  }
  if (algorithm !== undefined) draft.put('control.routing.sip.algorithm', algorithm);
  const parameters = affinityParameters(draft, REMEMBERS.includes(algorithm ?? 'call-id-affinity'));
  if (algorithm === 'subcluster-affinity') {
    const groups = draft.take('subclusterMap');
    if (groups !== undefined) parameters['subclusterMap'] = groups;
  }
  const slowStart = slowStartOf(draft);
  if (slowStart !== undefined) parameters['slowStartMs'] = slowStart;
  if (Object.keys(parameters).length > 0) draft.put('control.routing.sip.parameters', parameters);
  const key = draft.take('sipHeaderAffinityKey');
  if (key !== undefined) draft.put('sip.affinityKey', headerOf(key));
  const exclusion = draft.take('sipHeaderAffinityExclusionPattern');
  if (exclusion !== undefined) draft.put('sip.affinityExclusionPattern', exclusion);
  const fallback = draft.take('sipHeaderAffinityFallbackKey');
  if (fallback !== undefined) draft.put('sip.affinityFallbackKey', headerOf(fallback));
}

/** The whole ramp-up: so many periods as it takes to come to 100 percent. */
function slowStartOf(draft: Draft): string | undefined {
  const period = draft.take(RAMP_PERIOD);
  const percent = draft.take(RAMP_PERCENT);
  const slowStartMs = Math.round((Number(period) * 100) / Number(percent));
  if (slowStartMs >= 1 && slowStartMs <= MAX_SLOW_START_MS) return String(slowStartMs);
  const reason = `expected both, in ms and percent, for a slow start of at most ${MAX_SLOW_START_MS} ms`;
  if (period !== undefined) draft.leave(RAMP_PERIOD, period, reason);
  if (percent !== undefined) draft.leave(RAMP_PERCENT, percent, reason);
  return undefined;
}

function affinityParameters(draft: Draft, chosen: boolean): Record<string, string> {
  const parameters: Record<string, string> = {};
  const seconds = draft.take('callIdAffinityMaxTimeInCache');
  if (seconds !== undefined) {
    const usable = /^[1-9]\d{0,4}$/.test(seconds) && Number(seconds) <= 86_400;
    if (chosen && usable) parameters['callIdAffinityMaxTimeInCache'] = seconds;
    else {
      const reason = chosen ? 'expected 1-86400 seconds; 500 is used' : reasonFor('callIdAffinityMaxTimeInCache');
      draft.leave('callIdAffinityMaxTimeInCache', seconds, reason);
    }
  }
  const group = draft.take('callIdAffinityGroupFailover')?.toLowerCase();
  if (group !== undefined) {
    if (chosen && (group === 'true' || group === 'false')) parameters['callIdAffinityGroupFailover'] = group;
    else draft.leave('callIdAffinityGroupFailover', group, reasonFor('callIdAffinityGroupFailover'));
  }
  return parameters;
}

/** The older guide writes `from.user`, the newer one `From`. */
function headerOf(key: string): string {
  switch (key.toLowerCase()) {
    case 'from.user':
      return 'From';
    case 'to.user':
      return 'To';
    default:
      return key;
  }
}
