import { equalsBytes, wire, type Edits, type MessageView } from '../message';
import type { Peer } from '../transport';

const RECEIVED = wire(';received=');
const RPORT = wire('rport=');

/** Notes in the sender's Via where the request really came from (RFC 3261 18.2.1, RFC 3581 4): `received` when it differs or rport is asked for, `rport`. */
export function stampVia(edits: Edits, view: MessageView, peer: Peer): void {
  const { bytes, topVia } = view;
  if (topVia.hostStart < 0) return;
  if (topVia.rport >= 0) {
    edits.begin(topVia.rportParamStart, topVia.rportParamEnd - topVia.rportParamStart);
    edits.text(RPORT);
    edits.number(peer.port);
  }
  const same = equalsBytes(bytes, topVia.hostStart, topVia.hostEnd, peer.hostBytes);
  if (topVia.receivedStart >= 0) {
    edits.begin(topVia.receivedStart, topVia.receivedEnd - topVia.receivedStart);
    edits.text(peer.hostBytes);
  } else if (!same || topVia.rport >= 0) {
    edits.begin(topVia.valueEnd);
    edits.text(RECEIVED);
    edits.text(peer.hostBytes);
  }
}
