import type { PduView } from '../wire';
import type { PeerLink } from './peer-link';

/** Decides what happens to what comes over a link. Called on the packet path. */
export interface LinkOwner {
  /** A request other than enquire_link. False: not taken now; it stays unread until the hold that the owner put on the link ends. */
  request(link: PeerLink, pdu: PduView): boolean;
  /** The answer to a request that the owner itself sent with `ask`; `command` is the request's. */
  answered(link: PeerLink, pdu: PduView, command: number): void;
  /** A generic_nack that answers nothing outstanding. */
  strayNack(link: PeerLink, pdu: PduView): void;
  /** The window is down to `link.notifyAt`. */
  room(link: PeerLink): void;
  /** The peer reads too slowly: more than the high mark waits to be written. */
  congested(link: PeerLink): void;
  /** Everything is written again. */
  drained(link: PeerLink): void;
  /** The connection is over; called once, after the requests in flight were answered. */
  lost(link: PeerLink, reason: string): void;
}
