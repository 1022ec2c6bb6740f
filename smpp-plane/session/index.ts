/** One ESME, one SMSC: states, timers, rebinding; and what pool mode is built from. */
export { AllowList } from './allow-list';
export { BindAttempt, type BindIdentity, type SmscLink } from './bind-attempt';
export { EsmeSide, type EsmeActs, type EsmeBind, type EsmeConnection } from './esme-side';
export { SETTLE_MS, STOP_SETTLE_MS, unbindRequest } from './farewell';
export { Farewells } from './farewells';
export { FlushQueue } from './flush-queue';
export { HeldLinks } from './held-links';
export { Bound, boundBy, esmeMaySend, smscMaySend } from './legality';
export type { LinkOwner } from './link-owner';
export { Hold, type AnswerObserver, type PeerLink } from './peer-link';
export { Rates, type RateLimits } from './rates';
export { Session } from './session';
export { sessionCounters } from './session-counters';
export type { SessionDeps } from './session-deps';
export { sideCounters, troubleCounters } from './side-counters';
export { Tenants, type TenantCounters } from './tenants';
export { SmscSearch, reconnectPause, type SmscSearchOptions } from './smsc-search';
