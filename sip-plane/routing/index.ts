/** Where a message goes and what changes in it; the sockets are elsewhere. */
export { type Arrival } from './arrival';
export { AnswerWriter, statusLine, unsupported } from './compose-answer';
export { BlockList } from './block-list';
export { ContactPatch } from './contact-patch';
export { composeRequest } from './compose-request';
export { Action, DROP_NAMES, Decision, Drop } from './decision';
export { Memory, type MemoryOptions } from './memory';
export { NodeExits, type Exit } from './node-exits';
export { OwnAddresses, type MoreNames } from './own-addresses';
export { type DeciderParts } from './decider-parts';
export { RequestDecider } from './request-decider';
export { ResponseDecider } from './response-decider';
export { RestcommHint } from './restcomm-hint';
export { TransportPolicy, type TransportSettings } from './transport-policy';
