import type { Logger } from '../../runtime/logger';
import type { Random } from '../../runtime/random';
import type { Telemetry } from '../../runtime/telemetry';
import type { SmscDirectory } from '../routing';
import type { AllowList } from './allow-list';
import type { SmscDialing } from './dial';
import type { LinkDeps } from './link-deps';
import type { Rates } from './rates';
import type { SessionCounters } from './session-counters';
import type { SideCounters } from './side-counters';
import type { Tenants } from './tenants';

/** Times in ms. */
export interface SessionLimits {
  readonly bindTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A session without a message this long is unbound; undefined: never. */
  readonly inactivityMs?: number | undefined;
  readonly reconnectMs: number;
  readonly reconnectMaxMs: number;
  readonly rebindRounds: number;
}

/** What every session of a plane shares. */
export interface SessionDeps {
  readonly link: LinkDeps;
  readonly limits: SessionLimits;
  readonly directory: SmscDirectory;
  readonly toServer: SideCounters;
  readonly toClient: SideCounters;
  readonly counters: SessionCounters;
  readonly tenants: Tenants;
  readonly rates: Rates;
  readonly dialing: SmscDialing;
  readonly allowList: AllowList;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly random: Random;
}
