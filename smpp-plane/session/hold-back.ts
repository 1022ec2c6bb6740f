import type { Counter } from '../../runtime/counters';
import { Status, isUnanswered, type PduView } from '../wire';
import { Hold } from './hold';
import type { PeerLink } from './peer-link';

/** Share of the window at which the sender is read again. */
const ROOM = 0.75;

/**
 * The window of `to` is full: stops reading `from` until answers make room, and returns false: the request was not taken.
 * Never both directions at once, for each would wait for answers that the other does not read: the second one is told to slow
 * down instead. Requests that have no answer pass.
 */
export function holdBack(from: PeerLink, to: PeerLink, pdu: PduView, throttled: Counter): boolean {
  if (isUnanswered(pdu.command)) {
    to.relay(pdu, from);
    return true;
  }
  if (to.held(Hold.WINDOW)) {
    throttled.value += 1;
    from.refuse(pdu.command, Status.THROTTLED, pdu.sequence);
    return true;
  }
  to.notifyAt = Math.floor(to.window.limit * ROOM);
  from.hold(Hold.WINDOW);
  return false;
}
