import type { Clock } from '../../runtime/clock';
import type { Logger } from '../../runtime/logger';
import type { PlaneDirectory } from '../push';
import type { RoutingConfigs, Trial } from './routing-configs';

/** Requests and failures since some start. */
export interface Traffic {
  readonly requests: number;
  readonly failures: number;
}

export interface CanaryWatchOptions {
  readonly configs: RoutingConfigs;
  readonly planes: PlaneDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the planes must run it without more failures. */
  readonly windowMs: number;
  /** What a plane has counted so far. */
  readonly trafficOf: (planeId: string) => Traffic;
}

interface Watched {
  readonly index: number;
  readonly since: number;
  readonly before: ReadonlyMap<string, Traffic>;
  /** When all its planes had accepted it. */
  acceptedAtMs: number | undefined;
}

/** What to do with a trial: go on, or end it, and why. */
type Verdict = { readonly end: false } | { readonly end: true; readonly accept: boolean; readonly why: string };

const GO_ON: Verdict = { end: false };
const ANSWER_WITHIN_MS = 60_000;
/** A window with fewer requests says nothing about failures. */
const MIN_REQUESTS = 20;
/** Share of failures by which the window may be worse than all time before. */
const TOLERANCE = 0.05;

/** Decides what becomes of configs on trial: `check` is called about once a second. */
export class CanaryWatch {
  readonly #options: CanaryWatchOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: CanaryWatchOptions) {
    this.#options = options;
  }

  check(): void {
    const trials = this.#options.configs.trials();
    for (const key of this.#watched.keys()) if (!trials.some((trial) => trial.key === key)) this.#watched.delete(key);
    for (const trial of trials) {
      const verdict = this.#judge(trial, this.#follow(trial));
      if (verdict.end) this.#end(trial, verdict);
    }
  }

  #follow({ key, index, canary }: Trial): Watched {
    const known = this.#watched.get(key);
    if (known?.index === index) return known;
    const { clock, trafficOf } = this.#options;
    const before = new Map(canary.planeIds.map((id) => [id, trafficOf(id)]));
    const watched: Watched = { index, since: clock.now(), before, acceptedAtMs: undefined };
    this.#watched.set(key, watched);
    return watched;
  }

  #judge({ index, canary }: Trial, watched: Watched): Verdict {
    const { clock, planes, windowMs } = this.#options;
    let accepted = true;
    for (const planeId of canary.planeIds) {
      const plane = planes.get(planeId);
      if (plane?.connected !== true) return failed(`${planeId} has left`);
      const pool = canary.config?.pool;
      const rejection = plane.rejections.find(({ resource }) => resource?.$case === 'pool' && resource.value === pool);
      if (rejection !== undefined && plane.answeredIndex >= index) return failed(`${planeId}: ${rejection.reason}`);
      if (plane.answeredIndex < index) accepted = false;
      const rise = this.#rise(planeId, watched);
      if (rise !== undefined) return failed(rise);
    }
    const now = clock.now();
    if (!accepted) return now - watched.since < ANSWER_WITHIN_MS ? GO_ON : failed('a plane did not answer');
    watched.acceptedAtMs ??= now;
    if (now - watched.acceptedAtMs < windowMs) return GO_ON;
    return { end: true, accept: true, why: 'accepted, and failures did not rise' };
  }

  #rise(planeId: string, { before }: Watched): string | undefined {
    const start = before.get(planeId) ?? { requests: 0, failures: 0 };
    const now = this.#options.trafficOf(planeId);
    const requests = now.requests - start.requests;
    if (requests < MIN_REQUESTS) return undefined;
    const share = (now.failures - start.failures) / requests;
    const usual = start.requests === 0 ? 0 : start.failures / start.requests;
    if (share <= usual + TOLERANCE) return undefined;
    return `${planeId}: ${percent(share)} of requests failed, ${percent(usual)} before`;
  }

  #end(trial: Trial, { accept, why }: Extract<Verdict, { end: true }>): void {
    const { configs, logger } = this.#options;
    this.#watched.delete(trial.key);
    const { protocol, pool, algorithm } = trial.canary.config ?? {};
    const facts = { protocol, pool, algorithm, planes: trial.canary.planeIds, why };
    if (accept) logger.info(facts, 'trial of a routing config is over: all planes get it');
    else logger.warn(facts, 'trial of a routing config is over: its planes go back to the old one');
    configs.endTrial(trial, accept).catch((error: unknown) => logger.error({ err: error }, 'cannot end a trial'));
  }
}

function failed(why: string): Verdict {
  return { end: true, accept: false, why };
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
