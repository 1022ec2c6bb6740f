/** Pool mode: the ESMEs of an account share binds to every SMSC, balanced per message. */
export { Accounts } from './accounts';
export { poolCounters } from './pool-counters';
export type { PoolDeps, PoolLimits } from './pool-deps';
export { PooledSession } from './pooled-session';
