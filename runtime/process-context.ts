import type { Clock } from './clock';
import type { Config } from './config';
import type { LiveConfig } from './live-config';
import type { Logger } from './logger';
import type { OperatorPages } from './operator-pages';
import type { Random } from './random';
import type { Telemetry } from './telemetry';
import type { Worker } from './workers';

/** What a process gives to the service that it runs. Tests make their own. */
export interface ProcessContext {
  readonly config: Config;
  /** Tells what changed in the files while it runs; absent: nothing does. */
  readonly liveConfig?: LiveConfig | undefined;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: Random;
  /** Random, one per process start. */
  readonly incarnation: string;
  /** The pages that change this process; absent: it is none of its own. */
  readonly operator?: OperatorPages | undefined;
  /** Absent: the service is this process alone. */
  readonly worker?: Worker | undefined;
}
