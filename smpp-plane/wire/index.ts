/** SMPP on the wire: framing, headers, the few PDUs that the balancer makes itself. */
export { readBindFields, type BindFields } from './bind-fields';
export { headerOnly, localBindResponse } from './build';
export { Command, RESPONSE_BIT, commandIndex, commandNames, isBind, isUnanswered, responseTo } from './command';
export { PduFramer, type PduSink } from './framer';
export { HEADER_BYTES, commandAt, putSequence, sequenceAt } from './header';
export { interfaceVersionOf, withInterfaceVersion } from './interface-version';
export { MessageScan, cancelledMessageId, congestionStateOf, leadingMessageId } from './message-scan';
export { PduView } from './pdu-view';
export { Status } from './status';
