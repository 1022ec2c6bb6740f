/** One ESME, one SMSC: states, timers, rebinding. */
export { FlushQueue } from './flush-queue';
export { Session } from './session';
export { sessionCounters } from './session-counters';
export type { SessionDeps } from './session-deps';
export { sideCounters, troubleCounters } from './side-counters';
export type { PeerLink } from './peer-link';
