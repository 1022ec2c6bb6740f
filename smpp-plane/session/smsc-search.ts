import { connect, type Socket } from 'node:net';
import type { Timer } from '../../runtime/clock';
import type { SmscTarget } from '../routing';
import { Command, Status, type PduView } from '../wire';
import type { LinkOwner } from './link-owner';
import { PeerLink } from './peer-link';
import type { SessionDeps } from './session-deps';
import type { SmscState } from './state';
import { SubmitTracer } from './submit-tracer';

/** A link to an SMSC together with the SMSC it leads to. */
export interface SmscLink {
  readonly link: PeerLink;
  readonly target: SmscTarget;
}

export interface SmscSearchOptions {
  /** The ESME's bind as it came; each SMSC gets its bytes, only the sequence number is our own. */
  readonly bind: Buffer;
  readonly systemId: string;
  readonly sessionId: string;
  /** Rounds over all SMSCs before giving up; the pauses between them double from `reconnectMs`. */
  readonly rounds: number;
  /** True: the first SMSC that answers decides, its refusal included. False: a refusal is one more failure. */
  readonly refusalDecides: boolean;
  readonly bound: (found: SmscLink, answer: PduView) => void;
  readonly refused: (answer: PduView) => void;
  readonly exhausted: () => void;
}

const CREDENTIALS_REFUSED: ReadonlySet<number> = new Set([Status.INVALID_PASSWORD, Status.INVALID_SYSTEM_ID]);

/** Dials SMSCs in the algorithm's order, binds as the ESME did, until one accepts. Hands the link over within the bind_resp's turn. */
export class SmscSearch implements LinkOwner {
  readonly #deps: SessionDeps;
  readonly #options: SmscSearchOptions;
  readonly #tried = new Set<string>();
  #roundsLeft: number;
  #current: SmscLink | undefined;
  #timer: Timer | undefined;
  #state: SmscState = 'INITIAL';
  /** How many of a round refused the credentials, how many did not. */
  #refusals = 0;
  #others = 0;

  constructor(deps: SessionDeps, options: SmscSearchOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#roundsLeft = options.rounds;
  }

  get state(): SmscState {
    return this.#state;
  }

  /** Begins; `avoid` names an SMSC that was just lost: it is tried in later rounds only. */
  start(avoid?: string): void {
    if (avoid !== undefined) this.#tried.add(avoid);
    this.#next();
  }

  cancel(): void {
    this.#state = 'CLOSED';
    this.#timer?.cancel();
    const current = this.#forgetCurrent();
    current?.link.close('the search was given up');
  }

  request(link: PeerLink, pdu: PduView): boolean {
    this.#deps.counters.wrongState.value += 1;
    link.refuse(pdu.command, Status.INVALID_BIND_STATUS, pdu.sequence);
    return true;
  }

  answered(_link: PeerLink, pdu: PduView): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#timer?.cancel();
    this.#current = undefined;
    if (pdu.command !== Command.GENERIC_NACK && pdu.status === Status.OK) {
      this.#state = 'BOUND';
      this.#deps.directory.succeeded(current.target);
      this.#options.bound(current, pdu);
      return;
    }
    current.target.live.activeSessions -= 1;
    current.target.live.failures += 1;
    if (this.#options.refusalDecides) {
      this.#state = 'CLOSED';
      this.#options.refused(pdu);
      current.link.end();
      return;
    }
    if (CREDENTIALS_REFUSED.has(pdu.status)) this.#refusals += 1;
    else this.#others += 1;
    current.link.end();
    this.#next();
  }

  lost(_link: PeerLink, reason: string): void {
    const current = this.#forgetCurrent();
    if (current === undefined) return;
    this.#timer?.cancel();
    this.#deps.logger.debug({ smsc: current.target.id, reason }, 'smsc not reached');
    this.#deps.directory.failed(current.target);
    this.#others += 1;
    this.#next();
  }

  strayNack(): void {}

  room(): void {}

  congested(): void {}

  drained(): void {}

  #forgetCurrent(): SmscLink | undefined {
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) current.target.live.activeSessions -= 1;
    return current;
  }

  #next(): void {
    this.#state = 'INITIAL';
    const target = this.#deps.directory.choose(this.#options.systemId, this.#tried);
    if (target === undefined) this.#roundOver();
    else this.#dial(target);
  }

  #roundOver(): void {
    this.#roundsLeft -= 1;
    // Wrong credentials do not become right by asking again.
    const hopeless = this.#refusals > 0 && this.#others === 0;
    if (this.#roundsLeft <= 0 || hopeless) {
      this.#state = 'CLOSED';
      this.#options.exhausted();
      return;
    }
    this.#refusals = 0;
    this.#others = 0;
    this.#tried.clear();
    this.#timer = this.#deps.link.clock.after(this.#pause(), () => this.#next());
  }

  /** Doubles from round to round; a quarter more or less, so that many sessions do not come at once. */
  #pause(): number {
    const { reconnectMs, reconnectMaxMs } = this.#deps.limits;
    const round = this.#options.rounds - this.#roundsLeft;
    const ceiling = Math.min(reconnectMaxMs, reconnectMs * 2 ** Math.min(16, round - 1));
    return ceiling * (0.75 + this.#deps.random() / 2);
  }

  #dial(target: SmscTarget): void {
    this.#tried.add(target.id);
    const { telemetry, toServer, limits } = this.#deps;
    const { systemId, sessionId } = this.#options;
    const socket = connect({ host: target.host, port: target.port });
    const link = new PeerLink(this.#deps.link, {
      socket,
      owner: this,
      out: toServer,
      live: target.live,
      maxPduBytes: this.#deps.link.limits.maxPduBytes,
      tracer: telemetry.enabled ? new SubmitTracer({ telemetry, systemId, sessionId, nodeId: target.id }) : undefined,
    });
    target.live.activeSessions += 1;
    this.#current = { link, target };
    this.#timer = this.#deps.link.clock.after(limits.connectTimeoutMs, () => link.close('no connection in time'));
    socket.once('connect', () => this.#connected(socket, link));
  }

  #connected(socket: Socket, link: PeerLink): void {
    if (this.#current?.link !== link || socket.destroyed) return;
    this.#timer?.cancel();
    this.#state = 'BINDING';
    this.#timer = this.#deps.link.clock.after(this.#deps.limits.connectTimeoutMs, () =>
      link.close('no bind_resp in time'),
    );
    link.ask(Buffer.from(this.#options.bind));
  }
}
