import type { Timer } from '../../runtime/clock';
import {
  HeldLinks,
  Hold,
  SmscSearch,
  type BindIdentity,
  type PeerLink,
  type SmscLink,
  type SmscSearchOptions,
} from '../session';
import type { PduView } from '../wire';
import type { PoolDeps } from './pool-deps';
import type { PoolSession } from './pool-session';

/** How long the first ESMEs wait for the other SMSCs to answer the bind too, once one has accepted it, ms. */
const OTHERS_MS = 250;

export interface PoolOpeningOptions {
  readonly identity: BindIdentity;
  readonly observer: NonNullable<SmscSearchOptions['observer']>;
  /** The first SMSC accepted: now the others are asked. */
  readonly bound: (found: SmscLink, answer: PduView) => void;
  /** No SMSC accepted: tell these. */
  readonly failed: (sessions: readonly PoolSession[], tell: (session: PoolSession) => void) => void;
  /** The others have answered, or are late: these are bound. */
  readonly opened: (sessions: readonly PoolSession[]) => void;
}

/** The beginning of a pool: one SMSC decides on the bind, the others are waited for a moment, ESMEs wait meanwhile. */
export class PoolOpening {
  readonly #deps: PoolDeps;
  readonly #options: PoolOpeningOptions;
  readonly #sessions = new Set<PoolSession>();
  /** SMSCs that deliver already: the ESMEs hear their own bind_resp first. */
  readonly #held = new HeldLinks(Hold.WINDOW);
  #phase: 'new' | 'searching' | 'others' | 'over' = 'new';
  #search: SmscSearch | undefined;
  #timer: Timer | undefined;

  constructor(deps: PoolDeps, options: PoolOpeningOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** ESMEs that wait. */
  get size(): number {
    return this.#sessions.size;
  }

  /** An ESME wants to be bound; the first one begins the search. Not once it is over. */
  join(session: PoolSession): void {
    this.#sessions.add(session);
    if (this.#phase !== 'new') return;
    this.#phase = 'searching';
    this.#search = new SmscSearch(this.#deps.session, {
      ...this.#options.identity,
      rounds: 1,
      refusalDecides: true,
      observer: this.#options.observer,
      bound: (found, answer) => this.#bound(found, answer),
      refused: (answer) => this.#fail((waiting) => waiting.refused(answer.copy())),
      exhausted: () => this.#fail((waiting) => waiting.unreachable()),
    });
    this.#search.start();
  }

  leave(session: PoolSession): void {
    this.#sessions.delete(session);
  }

  /** Does not read an SMSC until it is over. */
  hold(link: PeerLink): void {
    this.#held.hold(link);
  }

  /** Every SMSC has answered the bind, or failed to. */
  othersDecided(): void {
    if (this.#phase !== 'others') return;
    this.#end();
    this.#options.opened(this.#taken());
    this.#held.release();
  }

  cancel(): void {
    this.#search?.cancel();
    this.#end();
  }

  #bound(found: SmscLink, answer: PduView): void {
    this.#phase = 'others';
    this.#search = undefined;
    this.#timer = this.#deps.session.link.clock.after(OTHERS_MS, () => this.othersDecided());
    this.#options.bound(found, answer);
  }

  #fail(tell: (session: PoolSession) => void): void {
    this.#end();
    this.#options.failed(this.#taken(), tell);
  }

  #end(): void {
    this.#phase = 'over';
    this.#search = undefined;
    this.#timer?.cancel();
  }

  #taken(): PoolSession[] {
    const sessions = [...this.#sessions];
    this.#sessions.clear();
    return sessions;
  }
}
