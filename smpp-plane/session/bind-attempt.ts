import type { Timer } from '../../runtime/clock';
import type { SmscTarget } from '../routing';
import { Command, Status, type PduView } from '../wire';
import { dialSmsc } from './dial';
import type { LinkOwner } from './link-owner';
import { PeerLink, type AnswerObserver } from './peer-link';
import type { SessionDeps } from './session-deps';
import type { SmscState } from './state';
import { SubmitTracer } from './submit-tracer';

/** A link to an SMSC together with the SMSC it leads to. */
export interface SmscLink {
  readonly link: PeerLink;
  readonly target: SmscTarget;
}

/** Whose bind it is. */
export interface BindIdentity {
  /** The ESME's bind as it came; each SMSC gets its bytes, only the sequence number is our own. */
  readonly bind: Buffer;
  readonly systemId: string;
  readonly sessionId: string;
}

export interface BindAttemptOptions extends BindIdentity {
  readonly target: SmscTarget;
  readonly observer?: AnswerObserver | undefined;
  /** The SMSC accepted. Take the link over within the call: more PDUs may follow at once. `activeSessions` counts it already. */
  readonly bound: (found: SmscLink, answer: PduView) => void;
  readonly refused: (answer: PduView) => void;
  readonly unreachable: (reason: string) => void;
}

/** Dials one SMSC and binds there. Exactly one of `bound`, `refused`, `unreachable` is called, or none after `cancel`. */
export class BindAttempt implements LinkOwner {
  readonly #deps: SessionDeps;
  readonly #options: BindAttemptOptions;
  readonly #link: PeerLink;
  #timer: Timer;
  #state: SmscState = 'INITIAL';

  constructor(deps: SessionDeps, options: BindAttemptOptions) {
    this.#deps = deps;
    this.#options = options;
    const { target, systemId, sessionId } = options;
    const { telemetry, limits } = deps;
    const socket = dialSmsc(target, deps.dialing, () => this.#connected());
    this.#link = new PeerLink(deps.link, {
      socket,
      owner: this,
      out: deps.toServer,
      live: target.live,
      maxPduBytes: deps.link.limits.maxPduBytes,
      tracer: telemetry.enabled ? new SubmitTracer({ telemetry, systemId, sessionId, nodeId: target.id }) : undefined,
      observer: options.observer,
    });
    target.live.activeSessions += 1;
    this.#timer = deps.link.clock.after(limits.connectTimeoutMs, () => this.#link.close('no connection in time'));
  }

  get state(): SmscState {
    return this.#state;
  }

  cancel(): void {
    this.#end();
    this.#link.close('the bind was given up');
  }

  request(link: PeerLink, pdu: PduView): boolean {
    this.#deps.counters.wrongState.value += 1;
    link.refuseInState(pdu.command, pdu.sequence);
    return true;
  }

  answered(link: PeerLink, pdu: PduView): void {
    const { target } = this.#options;
    if (this.#state === 'CLOSED') return;
    this.#timer.cancel();
    if (pdu.command !== Command.GENERIC_NACK && pdu.status === Status.OK) {
      this.#state = 'BOUND';
      this.#deps.directory.succeeded(target);
      this.#options.bound({ link, target }, pdu);
      return;
    }
    this.#end();
    target.live.failures += 1;
    this.#options.refused(pdu);
    link.end();
  }

  lost(_link: PeerLink, reason: string): void {
    if (this.#state === 'CLOSED') return;
    this.#end();
    this.#deps.logger.debug({ smsc: this.#options.target.id, reason }, 'smsc not reached');
    this.#deps.directory.failed(this.#options.target);
    this.#options.unreachable(reason);
  }

  strayNack(): void {}

  room(): void {}

  congested(): void {}

  drained(): void {}

  #end(): void {
    if (this.#state === 'CLOSED') return;
    this.#state = 'CLOSED';
    this.#timer.cancel();
    this.#options.target.live.activeSessions -= 1;
  }

  #connected(): void {
    if (!this.#link.open || this.#state !== 'INITIAL') return;
    this.#timer.cancel();
    this.#state = 'BINDING';
    this.#timer = this.#deps.link.clock.after(this.#deps.limits.connectTimeoutMs, () =>
      this.#link.close('no bind_resp in time'),
    );
    this.#link.ask(Buffer.from(this.#options.bind));
  }
}
