import type { Draft } from './draft';
import { reasonFor } from './reasons';

/** The predecessor's SIP algorithms by the last part of their class name. */
export const ALGORITHMS: Readonly<Record<string, string>> = {
  CallIDAffinityBalancerAlgorithm: 'call-id-affinity',
  HeaderConsistentHashBalancerAlgorithm: 'header-hash',
  PureConsistentHashBalancerAlgorithm: 'header-hash',
  PersistentConsistentHashBalancerAlgorithm: 'header-hash',
  ActiveStandbyAlgorithm: 'active-standby',
};

/** algorithmClass and the keys that belong to one algorithm only. */
export function convertAlgorithm(draft: Draft): void {
  const given = draft.take('algorithmClass');
  const simple = given?.split('.').at(-1) ?? '';
  const algorithm = Object.hasOwn(ALGORITHMS, simple) ? ALGORITHMS[simple] : undefined;
  if (given !== undefined && algorithm === undefined) {
    draft.leave('algorithmClass', given, 'this algorithm is not in this version; call-id-affinity is used');
  }
  if (algorithm !== undefined) draft.put('control.routing.sip.algorithm', algorithm);
  if (simple.startsWith('Persistent')) {
    draft.leave('algorithmClass', given ?? '', 'header-hash is used: keys move only when their own node goes');
  }
  convertCallIdParameters(draft, algorithm === undefined || algorithm === 'call-id-affinity');
  const key = draft.take('sipHeaderAffinityKey');
  if (key !== undefined) draft.put('sip.affinityKey', headerOf(key));
}

function convertCallIdParameters(draft: Draft, chosen: boolean): void {
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
  if (Object.keys(parameters).length > 0) draft.put('control.routing.sip.parameters', parameters);
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
