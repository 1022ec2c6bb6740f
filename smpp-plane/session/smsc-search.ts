import type { Timer } from '../../runtime/clock';
import type { SmscTarget } from '../routing';
import { Status, type PduView } from '../wire';
import { BindAttempt, type BindIdentity, type SmscLink } from './bind-attempt';
import type { AnswerObserver } from './peer-link';
import { reconnectPause } from './reconnect-pause';
import type { SessionDeps } from './session-deps';
import type { SmscState } from './state';

export interface SmscSearchOptions extends BindIdentity {
  /** Rounds over all SMSCs before giving up; the pauses between them double from `reconnectMs`. */
  readonly rounds: number;
  /** True: the first SMSC that answers decides, its refusal included. False: a refusal is one more failure. */
  readonly refusalDecides: boolean;
  readonly observer?: ((target: SmscTarget) => AnswerObserver) | undefined;
  readonly bound: (found: SmscLink, answer: PduView) => void;
  readonly refused: (answer: PduView) => void;
  readonly exhausted: () => void;
}

const CREDENTIALS_REFUSED: ReadonlySet<number> = new Set([Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID]);

/** Dials SMSCs in the algorithm's order, binds as the ESME did, until one accepts. Hands the link over within the bind_resp's turn. */
export class SmscSearch {
  readonly #deps: SessionDeps;
  readonly #options: SmscSearchOptions;
  readonly #tried = new Set<string>();
  #roundsLeft: number;
  #attempt: BindAttempt | undefined;
  #timer: Timer | undefined;
  /** How many of a round refused the credentials, how many did not. */
  #refusals = 0;
  #others = 0;

  constructor(deps: SessionDeps, options: SmscSearchOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#roundsLeft = options.rounds;
  }

  get state(): SmscState {
    return this.#attempt?.state ?? 'INITIAL';
  }

  /** Begins; `avoid` names an SMSC that was just lost: it is tried in later rounds only. */
  start(avoid?: string): void {
    if (avoid !== undefined) this.#tried.add(avoid);
    this.#next();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#attempt?.cancel();
  }

  #next(): void {
    const target = this.#deps.directory.choose(this.#options.systemId, this.#tried);
    if (target === undefined) {
      this.#roundOver();
      return;
    }
    this.#tried.add(target.id);
    this.#attempt = new BindAttempt(this.#deps, {
      bind: this.#options.bind,
      systemId: this.#options.systemId,
      sessionId: this.#options.sessionId,
      target,
      observer: this.#options.observer?.(target),
      bound: (found, answer) => this.#options.bound(found, answer),
      refused: (answer) => this.#refused(answer),
      unreachable: () => {
        this.#others += 1;
        this.#next();
      },
    });
  }

  #refused(answer: PduView): void {
    if (this.#options.refusalDecides) {
      this.#options.refused(answer);
      return;
    }
    if (CREDENTIALS_REFUSED.has(answer.status)) this.#refusals += 1;
    else this.#others += 1;
    this.#next();
  }

  #roundOver(): void {
    this.#roundsLeft -= 1;
    // Wrong credentials do not become right by asking again.
    const hopeless = this.#refusals > 0 && this.#others === 0;
    if (this.#roundsLeft <= 0 || hopeless) {
      this.#options.exhausted();
      return;
    }
    this.#refusals = 0;
    this.#others = 0;
    this.#tried.clear();
    const round = this.#options.rounds - this.#roundsLeft;
    this.#timer = this.#deps.link.clock.after(reconnectPause(this.#deps, round), () => this.#next());
  }
}
