import type { PlaneNode } from '../../data-plane';
import { targetOf } from '../routing';
import {
  Farewells,
  Hold,
  SETTLE_MS,
  SmscSearch,
  boundBy,
  smscMaySend,
  unbindRequest,
  type BindIdentity,
  type LinkOwner,
  type PeerLink,
  type SmscLink,
} from '../session';
import { Command, Status, leadingMessageId, type PduView } from '../wire';
import type { Account, Receiver } from './account';
import { Member, type MemberListener } from './member';
import { MessageRouter } from './message-router';
import type { PoolDeps } from './pool-deps';

/** An ESME session as its pool sees it. */
export interface PoolSession extends Receiver {
  /** The pool is bound: this is the bind_resp, a buffer of its own. */
  accepted(answer: Buffer): void;
  /** An SMSC refused the bind; a bind_resp of its own. */
  refused(answer: Buffer): void;
  /** No SMSC could be reached. */
  unreachable(): void;
  /** The last SMSC is lost; others are being bound. */
  interrupted(): void;
  resumed(): void;
  /** No SMSC came back in time. */
  ended(): void;
}

export interface UpstreamPoolOptions {
  readonly account: Account;
  readonly identity: BindIdentity;
  /** Command id of the bind. */
  readonly command: number;
  /** The last session left, or the first bind failed: nobody may join any more. */
  readonly onEnd: () => void;
  /** The last link is gone: no more ticks are needed. */
  readonly onGone: () => void;
}

/**
 * Binds of one account and one kind to every SMSC, shared by all its ESMEs with that bind; each message goes to the SMSC that the
 * algorithm names, unless it belongs to an earlier one.
 */
export class UpstreamPool implements LinkOwner, MemberListener {
  readonly #deps: PoolDeps;
  readonly #options: UpstreamPoolOptions;
  readonly #bound: number;
  readonly #members = new Map<string, Member>();
  readonly #memberOf = new Map<PeerLink, Member>();
  /** Links of members that left; they may still answer and deliver. */
  readonly #leaving = new Map<PeerLink, Member>();
  readonly #farewells: Farewells;
  /** Those that are bound, by their link. */
  readonly #sessions = new Map<PeerLink, PoolSession>();
  readonly #waitingForBind = new Set<PoolSession>();
  /** ESME links that wait for room at an SMSC. */
  readonly #waiting = new Set<PeerLink>();
  readonly #router: MessageRouter;
  #search: SmscSearch | undefined;
  #answer: Buffer | undefined;
  #started = false;
  #interruptedAtMs: number | undefined;
  /** True once the first round of binds is under way. */
  #opened = false;
  #closed = false;

  constructor(deps: PoolDeps, options: UpstreamPoolOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#bound = boundBy(options.command);
    this.#farewells = new Farewells(deps.session.link.clock);
    this.#router = new MessageRouter(deps, { account: options.account, members: this.#members });
    this.#search = new SmscSearch(deps.session, {
      ...options.identity,
      rounds: 1,
      refusalDecides: true,
      observer: (target) => {
        const member = this.#memberFor(target.id);
        return {
          answered: (pdu, command, origin) => member()?.answered(pdu, command, origin),
          gaveUp: () => member()?.gaveUp(),
        };
      },
      bound: (found, answer) => this.#open(found, answer.copy()),
      refused: (answer) => this.#failed((session) => session.refused(answer.copy())),
      exhausted: () => this.#failed((session) => session.unreachable()),
    });
  }

  get isInterrupted(): boolean {
    return this.#interruptedAtMs !== undefined;
  }

  /** The session is told when the pool is bound, at once if it is. */
  join(session: PoolSession): void {
    if (this.#answer === undefined) {
      this.#waitingForBind.add(session);
      if (!this.#started) this.#start();
      return;
    }
    this.#admit(session, this.#answer);
    if (this.isInterrupted) session.interrupted();
  }

  leave(session: PoolSession): void {
    this.#waiting.delete(session.link);
    this.#waitingForBind.delete(session);
    this.#sessions.delete(session.link);
    if (this.#sessions.size + this.#waitingForBind.size === 0) this.#close();
  }

  /** Sends a request of an ESME to the SMSC where it belongs; on the packet path. False: no SMSC has room, the ESME is not read for now. */
  submit(from: PeerLink, pdu: PduView): boolean {
    const link = this.#router.route(pdu);
    if (link === undefined || link.window.full || link.congested) return this.#wait(from, pdu, link);
    const limited = this.#deps.session.rates.check(from, pdu, {
      systemId: this.#options.account.systemId,
      smscId: this.#memberOf.get(link)?.id ?? '',
    });
    if (limited !== undefined) return limited;
    this.#options.account.figures.toServer.value += 1;
    link.relay(pdu, from);
    if (link.window.full) {
      this.#router.stale();
      link.notifyAt = Math.floor(link.window.limit * 0.75);
    }
    return true;
  }

  /** The set of SMSCs changed: binds to new ones, leaves those that are removed or in maintenance. */
  membersChanged(): void {
    if (this.#answer === undefined || this.#closed) return;
    const { directory } = this.#deps.session;
    const fresh = new Map(directory.members.map((node) => [node.id, node]));
    for (const node of fresh.values()) this.#include(node)?.fill();
    for (const member of this.#members.values()) {
      member.node = fresh.get(member.id) ?? member.node;
      member.takesNewWork = fresh.has(member.id);
      if (!directory.keepsOldWork(member.id)) this.#exclude(member);
      else if (directory.isSuspect(member.id)) for (const link of member.links) link.probe();
    }
    this.#router.stale();
    this.#noticeInterruption();
  }

  tick(nowMs: number): void {
    this.#farewells.tick(nowMs);
    const since = this.#interruptedAtMs;
    if (since === undefined || nowMs - since < this.#patienceMs()) return;
    for (const session of this.#sessions.values()) session.ended();
  }

  request(link: PeerLink, pdu: PduView): boolean {
    const member = this.#memberOf.get(link) ?? this.#leaving.get(link);
    if (pdu.command === Command.UNBIND) return this.#smscUnbinds(link, pdu.sequence);
    if (member === undefined || !smscMaySend(pdu.command, this.#bound)) {
      this.#deps.session.counters.wrongState.value += 1;
      link.refuse(pdu.command, Status.INVALID_BIND_STATUS, pdu.sequence);
      return true;
    }
    return this.#options.account.deliver(link, pdu, member.id);
  }

  answered(link: PeerLink, pdu: PduView, command: number): void {
    if (command === Command.UNBIND) this.#farewells.finish(link, pdu);
  }

  /** It answers nothing, so it cannot be said which ESME it is for. */
  strayNack(): void {
    this.#deps.session.link.trouble.lateAnswers.value += 1;
  }

  room(link: PeerLink): void {
    if (link.window.size === 0) this.#farewells.settled(link);
    this.#makeRoom();
  }

  congested(): void {
    this.#router.stale();
  }

  drained(): void {
    this.#makeRoom();
  }

  lost(link: PeerLink, reason: string): void {
    const member = this.#memberOf.get(link);
    this.#deps.session.logger.debug({ smsc: member?.id, reason }, 'smsc connection over');
    if (member !== undefined) {
      this.#memberOf.delete(link);
      member.drop(link);
      member.target.live.activeSessions -= 1;
      this.#router.stale();
      member.lost();
    }
    this.#farewells.finish(link, undefined);
    this.#endLeaving(link);
    this.#noticeInterruption();
    this.#makeRoom();
  }

  bound(member: Member, { link }: SmscLink): void {
    link.owner = this;
    link.admit();
    this.#memberOf.set(link, member);
    member.adopt(link);
    member.fill();
    if (this.isInterrupted) {
      this.#interruptedAtMs = undefined;
      this.#deps.session.counters.rebinds.value += this.#sessions.size;
      for (const session of this.#sessions.values()) session.resumed();
    }
    this.#makeRoom();
  }

  accepted(member: Member, answer: PduView, origin: PeerLink): void {
    const id = leadingMessageId(answer);
    const submitter = this.#sessions.get(origin);
    if (id !== '' && submitter !== undefined) this.#options.account.issued.add(member.id, id, submitter, this.#now());
  }

  failing(member: Member): void {
    const nowMs = this.#now();
    const ejected = [...this.#members.values()].filter((other) => other.isEjected(nowMs)).length;
    if (member.isEjected(nowMs) || (ejected + 1) * 2 > this.#members.size) return;
    member.eject(nowMs);
    this.#deps.counters.ejections.value += 1;
    this.#deps.session.logger.info({ smsc: member.id }, 'smsc fails too often, it gets no messages for a while');
    this.#router.stale();
  }

  /** Never both sides at once: an ESME that would wait for an SMSC that waits for an ESME is told to slow down. */
  #wait(from: PeerLink, pdu: PduView, full: PeerLink | undefined): boolean {
    const blocked = [...this.#memberOf.keys()];
    if (blocked.some((link) => link.held(Hold.WINDOW))) {
      this.#deps.session.counters.throttled.value += 1;
      from.refuse(pdu.command, Status.THROTTLED, pdu.sequence);
      return true;
    }
    for (const link of full === undefined ? blocked : [full]) {
      if (link.window.full) link.notifyAt = Math.floor(link.window.limit * 0.75);
    }
    this.#waiting.add(from);
    from.hold(Hold.WINDOW);
    return false;
  }

  #makeRoom(): void {
    this.#router.stale();
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const link of waiting) link.release(Hold.WINDOW);
  }

  #start(): void {
    this.#started = true;
    this.#search?.start();
  }

  #open(found: SmscLink, answer: Buffer): void {
    this.#search = undefined;
    this.#answer = answer;
    const node = this.#deps.session.directory.members.find(({ id }) => id === found.target.id);
    const member = node && this.#include(node);
    if (member === undefined) {
      // Its node left while the bind was under way.
      found.target.live.activeSessions -= 1;
      found.link.owner = this;
      found.link.end();
    } else this.bound(member, found);
    const waiting = [...this.#waitingForBind];
    this.#waitingForBind.clear();
    for (const session of waiting) this.#admit(session, answer);
    this.membersChanged();
    this.#opened = true;
  }

  #admit(session: PoolSession, answer: Buffer): void {
    this.#sessions.set(session.link, session);
    session.accepted(Buffer.from(answer));
  }

  /** The pool ends before it began; its sessions may try again with another. */
  #failed(tell: (session: PoolSession) => void): void {
    this.#search = undefined;
    this.#closed = true;
    this.#options.onEnd();
    for (const session of this.#waitingForBind) tell(session);
    this.#tellIfGone();
  }

  #include(node: PlaneNode): Member | undefined {
    const known = this.#members.get(node.id);
    const target = targetOf(node);
    if (known !== undefined || target === undefined) return known;
    const { identity } = this.#options;
    const late = this.#opened;
    const member = new Member(this.#deps, { node, target, identity, listener: this, late });
    this.#members.set(node.id, member);
    return member;
  }

  #exclude(member: Member): void {
    this.#members.delete(member.id);
    member.leave();
    for (const link of member.links.slice()) this.#leave(link, member, SETTLE_MS);
  }

  #leave(link: PeerLink, member: Member, settleMs: number, answerUnbind?: () => void): void {
    this.#memberOf.delete(link);
    member.drop(link);
    this.#leaving.set(link, member);
    link.release(Hold.WINDOW);
    this.#farewells.bid(link, {
      settleMs,
      unbind: answerUnbind === undefined ? unbindRequest() : undefined,
      done: () => {
        answerUnbind?.();
        this.#endLeaving(link);
      },
    });
  }

  #endLeaving(link: PeerLink): void {
    link.end();
    this.#farewells.forget(link);
    const member = this.#leaving.get(link);
    if (member === undefined) return;
    this.#leaving.delete(link);
    member.target.live.activeSessions -= 1;
    this.#tellIfGone();
  }

  /** The SMSC keeps what it has to answer; it is asked again later whether it takes the bind. */
  #smscUnbinds(link: PeerLink, sequence: number): boolean {
    const member = this.#memberOf.get(link);
    const answer = (): void => link.refuse(Command.UNBIND, Status.OK, sequence);
    if (member === undefined) {
      answer();
      this.#endLeaving(link);
      return true;
    }
    this.#leave(link, member, SETTLE_MS, answer);
    this.#router.stale();
    member.lost();
    this.#noticeInterruption();
    return true;
  }

  #noticeInterruption(): void {
    if (this.#answer === undefined || this.#closed || this.isInterrupted || this.#memberOf.size > 0) return;
    this.#interruptedAtMs = this.#now();
    for (const session of this.#sessions.values()) session.interrupted();
  }

  /** As long as session mode tries: all its rounds with their pauses. */
  #patienceMs(): number {
    const { rebindRounds, reconnectMs, reconnectMaxMs } = this.#deps.session.limits;
    let sum = 0;
    for (let round = 0; round < rebindRounds; round += 1)
      sum += Math.min(reconnectMaxMs, reconnectMs * 2 ** Math.min(16, round));
    return sum;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#search?.cancel();
    for (const member of this.#members.values()) {
      member.leave();
      for (const link of member.links.slice()) this.#leave(link, member, 0);
    }
    this.#options.onEnd();
    this.#tellIfGone();
  }

  #memberFor(id: string): () => Member | undefined {
    return () => this.#members.get(id);
  }

  #tellIfGone(): void {
    if (this.#closed && this.#memberOf.size === 0 && this.#leaving.size === 0) this.#options.onGone();
  }

  #now(): number {
    return this.#deps.session.link.clock.now();
  }
}
