import type { PlaneNode } from '../../data-plane';
import type { Timer } from '../../runtime/clock';
import type { SmscTarget } from '../routing';
import { BindAttempt, reconnectPause, type BindIdentity, type PeerLink, type SmscLink } from '../session';
import { Command, Status, congestionStateOf, type PduView } from '../wire';
import type { PoolDeps } from './pool-deps';

/** Share of its weight that an SMSC begins with when it (re)joins. */
const FIRST_SHARE = 0.1;
/** congestion_state (SMPP 5.0, 4.8.4.18) from which an SMSC gets half, and a tenth, of its share. */
const NEARLY_CONGESTED = 90;
const CONGESTED = 100;
/** A congestion_state is believed for this long, ms. */
const CONGESTION_MS = 5000;
const LONGEST_EJECTION = 8;

/** What a pool hears of its members. */
export interface MemberListener {
  /** A bind succeeded; the listener owns the link from now on, within the call. */
  bound(member: Member, found: SmscLink, answer: PduView): void;
  /** It has answered a bind, or failed to, for the first time. */
  decided(): void;
  /** A message was accepted under this id; on the packet path. */
  accepted(member: Member, answer: PduView, origin: PeerLink): void;
  /** Failed too often in a row; the listener may eject it. */
  failing(member: Member): void;
}

/** One SMSC in a pool: its bound links, dialled again when they are lost, and how well it does. */
export class Member {
  readonly id: string;
  readonly target: SmscTarget;
  node: PlaneNode;
  /** False while its node drains: no new messages, receipts flow. */
  takesNewWork = true;
  readonly links: PeerLink[] = [];
  /** True once it has answered a bind or failed to. */
  isDecided = false;
  /** Failed binds and dials in a row. */
  failures = 0;
  readonly #deps: PoolDeps;
  readonly #identity: BindIdentity;
  readonly #listener: MemberListener;
  readonly #attempts = new Set<BindAttempt>();
  #retry: Timer | undefined;
  #left = false;
  /** It joined a pool in operation, or failed before: it gets a slow start. */
  #late: boolean;
  #upSinceMs = Number.NEGATIVE_INFINITY;
  #failedInRow = 0;
  #ejections = 0;
  #ejectedUntilMs = Number.NEGATIVE_INFINITY;
  #congestion = 0;
  #congestionAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    deps: PoolDeps,
    options: { node: PlaneNode; target: SmscTarget; identity: BindIdentity; listener: MemberListener; late: boolean },
  ) {
    this.#deps = deps;
    this.node = options.node;
    this.target = options.target;
    this.id = options.target.id;
    this.#identity = options.identity;
    this.#listener = options.listener;
    this.#late = options.late;
  }

  /** Dials until there are as many binds as there should be. */
  fill(): void {
    if (this.#left || this.#retry !== undefined) return;
    const wanted = this.#deps.limits.bindsPerSmsc - this.links.length - this.#attempts.size;
    for (let i = 0; i < wanted; i += 1) this.#dial();
  }

  /** Takes a bound link in. */
  adopt(link: PeerLink): void {
    this.failures = 0;
    if (this.links.length === 0 && this.#late) this.#upSinceMs = this.#now();
    this.links.push(link);
  }

  drop(link: PeerLink): void {
    const place = this.links.indexOf(link);
    if (place >= 0) this.links.splice(place, 1);
  }

  /** A link was lost: dial again, in a while. */
  lost(): void {
    this.failures += 1;
    this.#retryLater();
  }

  /** Stops dialling; links stay with the pool. */
  leave(): void {
    this.#left = true;
    this.#retry?.cancel();
    for (const attempt of this.#attempts) attempt.cancel();
  }

  /** The link with room that has the fewest requests in flight, or undefined. */
  linkWithRoom(): PeerLink | undefined {
    let best: PeerLink | undefined;
    for (let i = 0; i < this.links.length; i += 1) {
      const link = this.links[i] as PeerLink;
      if (link.congested || link.window.full) continue;
      if (best === undefined || link.window.size < best.window.size) best = link;
    }
    return best;
  }

  isEjected(nowMs: number): boolean {
    return nowMs < this.#ejectedUntilMs;
  }

  /** Gives it no new messages for a time that grows from ejection to ejection. */
  eject(nowMs: number): void {
    this.#ejections = Math.min(LONGEST_EJECTION, this.#ejections + 1);
    this.#ejectedUntilMs = nowMs + this.#deps.limits.ejectMs * this.#ejections;
    this.#upSinceMs = this.#ejectedUntilMs;
    this.#failedInRow = 0;
  }

  /** The node with the weight that it deserves now; the node itself when that is its own. */
  weighed(nowMs: number): PlaneNode {
    const share = this.#slowStartShare(nowMs) * this.#congestionShare(nowMs);
    return share >= 1 ? this.node : { ...this.node, weight: Math.max(1, Math.round(this.node.weight * share)) };
  }

  /** On the packet path: an answer to a request of an ESME. */
  answered(pdu: PduView, command: number, origin: PeerLink): void {
    if (command !== Command.SUBMIT_SM && command !== Command.DATA_SM) return;
    const { status } = pdu;
    if (status === Status.OK) {
      this.#failedInRow = 0;
      this.#ejections = this.isEjected(this.#now()) ? this.#ejections : 0;
      this.#listener.accepted(this, pdu, origin);
    } else if (status === Status.SYSTEM_ERROR) this.gaveUp();
    const congestion = congestionStateOf(pdu);
    if (congestion === undefined) return;
    this.#congestion = congestion;
    this.#congestionAtMs = this.#now();
  }

  /** A request failed or got no answer. */
  gaveUp(): void {
    this.#failedInRow += 1;
    const { ejectAfter } = this.#deps.limits;
    if (ejectAfter > 0 && this.#failedInRow >= ejectAfter) this.#listener.failing(this);
  }

  #slowStartShare(nowMs: number): number {
    const { slowStartMs } = this.#deps.limits;
    const upMs = nowMs - this.#upSinceMs;
    return upMs >= slowStartMs ? 1 : FIRST_SHARE + (1 - FIRST_SHARE) * Math.max(0, upMs / slowStartMs);
  }

  #congestionShare(nowMs: number): number {
    if (this.#congestion < NEARLY_CONGESTED || nowMs - this.#congestionAtMs > CONGESTION_MS) return 1;
    return this.#congestion >= CONGESTED ? 0.1 : 0.5;
  }

  #dial(): void {
    const attempt: BindAttempt = new BindAttempt(this.#deps.session, {
      bind: this.#identity.bind,
      systemId: this.#identity.systemId,
      sessionId: this.#identity.sessionId,
      target: this.target,
      observer: this,
      bound: (found, answer) => {
        this.#attempts.delete(attempt);
        this.isDecided = true;
        this.#listener.bound(this, found, answer);
      },
      refused: () => this.#attemptFailed(attempt),
      unreachable: () => this.#attemptFailed(attempt),
    });
    this.#attempts.add(attempt);
  }

  #attemptFailed(attempt: BindAttempt): void {
    this.#attempts.delete(attempt);
    this.failures += 1;
    this.#retryLater();
    if (this.isDecided) return;
    this.isDecided = true;
    this.#listener.decided();
  }

  #retryLater(): void {
    this.#late = true;
    if (this.#left || this.#retry !== undefined) return;
    this.#retry = this.#deps.session.link.clock.after(reconnectPause(this.#deps.session, this.failures), () => {
      this.#retry = undefined;
      this.fill();
    });
  }

  #now(): number {
    return this.#deps.session.link.clock.now();
  }
}
