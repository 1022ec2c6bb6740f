import type { PlaneNode } from '../../data-plane';
import { sameEndpoint, targetOf } from '../routing';
import {
  Farewells,
  HeldLinks,
  Hold,
  SETTLE_MS,
  boundBy,
  rebindPatience,
  smscMaySend,
  type AnswerObserver,
  type BindIdentity,
  type LinkOwner,
  type PeerLink,
  type SmscLink,
} from '../session';
import { Command, Status, cancelledMessageId, leadingMessageId, type PduView } from '../wire';
import type { Account } from './account';
import { Cancels } from './cancels';
import { LeavingLinks, type LeaveOptions } from './leaving-links';
import { Member, type MemberListener } from './member';
import { MessageRouter } from './message-router';
import { PoolAnswer } from './pool-answer';
import type { PoolDeps } from './pool-deps';
import { PoolOpening } from './pool-opening';
import type { PoolSession } from './pool-session';

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
  readonly #leaving: LeavingLinks;
  /** Those that are bound, by their link. */
  readonly #sessions = new Map<PeerLink, PoolSession>();
  /** ESME links that wait for room at an SMSC. */
  readonly #waiting = new HeldLinks(Hold.WINDOW);
  readonly #router: MessageRouter;
  readonly #opening: PoolOpening;
  readonly #cancels: Cancels;
  #answer: PoolAnswer | undefined;
  #interruptedAtMs: number | undefined;
  /** True once the first round of binds is under way. */
  #begun = false;
  #closed = false;

  constructor(deps: PoolDeps, options: UpstreamPoolOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#bound = boundBy(options.command);
    this.#leaving = new LeavingLinks(new Farewells(deps.session.link.clock), () => this.#tellIfGone());
    this.#router = new MessageRouter(deps, { account: options.account, members: this.#members });
    this.#cancels = new Cancels(deps.session.link.limits.responseTimeoutMs);
    this.#opening = new PoolOpening(deps, {
      identity: options.identity,
      observer: (target) => this.#observerOf(target.id),
      bound: (found, answer) => this.#begin(found, answer),
      failed: (sessions, tell) => this.#failed(sessions, tell),
      opened: (sessions) => {
        for (const session of sessions) this.join(session);
      },
    });
  }

  get isInterrupted(): boolean {
    return this.#interruptedAtMs !== undefined;
  }

  /** The session is told when the pool is bound, at once if it is. */
  join(session: PoolSession): void {
    if (!this.#opening.isOver || this.#answer === undefined) {
      this.#opening.join(session);
      return;
    }
    this.#sessions.set(session.link, session);
    session.accepted(this.#answer.copy());
    if (this.isInterrupted) session.interrupted();
  }

  leave(session: PoolSession): void {
    this.#waiting.forget(session.link);
    this.#opening.leave(session);
    this.#sessions.delete(session.link);
    if (this.#sessions.size + this.#opening.size === 0) this.#close();
  }

  /** Sends a request of an ESME to the SMSC where it belongs; on the packet path. False: no SMSC has room, the ESME is not read for now. */
  submit(from: PeerLink, pdu: PduView): boolean {
    if (pdu.command === Command.CANCEL_SM && cancelledMessageId(pdu) === '') return this.#cancelEverywhere(from, pdu);
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
    for (const member of this.#members.values()) {
      const node = fresh.get(member.id);
      const target = node && targetOf(node);
      if (target !== undefined && !sameEndpoint(target, member.target)) this.#exclude(member);
    }
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
    this.#leaving.tick(nowMs);
    this.#cancels.tick(nowMs);
    const since = this.#interruptedAtMs;
    if (since === undefined || nowMs - since < rebindPatience(this.#deps.session.limits)) return;
    for (const session of this.#sessions.values()) session.ended();
  }

  request(link: PeerLink, pdu: PduView): boolean {
    const member = this.#memberOf.get(link) ?? this.#leaving.memberOf(link);
    if (pdu.command === Command.UNBIND) return this.#smscUnbinds(link, pdu.sequence);
    if (member === undefined || !smscMaySend(pdu.command, this.#bound)) {
      this.#deps.session.counters.wrongState.value += 1;
      link.refuseInState(pdu.command, pdu.sequence);
      return true;
    }
    if (!this.#opening.isOver) {
      this.#opening.hold(link);
      return false;
    }
    return this.#options.account.deliver(link, pdu, member.id);
  }

  answered(link: PeerLink, pdu: PduView, command: number): void {
    if (command === Command.UNBIND) this.#leaving.answered(link, pdu);
    else if (command === Command.CANCEL_SM) this.#cancels.answered(link, pdu);
  }

  /** It answers nothing, so it cannot be said which ESME it is for. */
  strayNack(): void {
    this.#deps.session.link.trouble.lateAnswers.value += 1;
  }

  room(link: PeerLink): void {
    if (link.window.size === 0) this.#leaving.settled(link);
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
    this.#cancels.lost(link);
    this.#leaving.lost(link);
    this.#noticeInterruption();
    this.#makeRoom();
  }

  bound(member: Member, { link }: SmscLink, answer: PduView): void {
    this.#answer?.accepted(member.id, answer.copy());
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
    this.decided();
  }

  decided(): void {
    if (!this.#begun) return;
    for (const member of this.#members.values()) if (!member.isDecided) return;
    this.#opening.othersDecided();
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
    this.#waiting.hold(from);
    return false;
  }

  #makeRoom(): void {
    this.#router.stale();
    this.#waiting.release();
  }

  /** Every SMSC is asked, those that drain among them. */
  #cancelEverywhere(from: PeerLink, pdu: PduView): boolean {
    const links: PeerLink[] = [];
    for (const member of this.#members.values()) {
      const link = member.linkWithRoom();
      if (link !== undefined) links.push(link);
      else if (member.links.length > 0) return this.#wait(from, pdu, member.links[0]);
    }
    if (links.length === 0) return this.#wait(from, pdu, undefined);
    this.#options.account.figures.toServer.value += 1;
    this.#cancels.begin(from, pdu, { links, nowMs: this.#now() });
    return true;
  }

  /** One SMSC took the bind: it is a member, and the others are asked. */
  #begin(found: SmscLink, answer: PduView): void {
    this.#answer = new PoolAnswer(answer.copy());
    const node = this.#deps.session.directory.members.find(({ id }) => id === found.target.id);
    const member = node && this.#include(node);
    if (member === undefined) {
      // Its node left while the bind was under way.
      found.target.live.activeSessions -= 1;
      found.link.owner = this;
      found.link.end();
    } else {
      member.isDecided = true;
      this.bound(member, found, answer);
    }
    this.membersChanged();
    this.#begun = true;
    this.decided();
  }

  /** The pool ends before it began; its sessions may try again with another. */
  #failed(sessions: readonly PoolSession[], tell: (session: PoolSession) => void): void {
    this.#closed = true;
    this.#options.onEnd();
    for (const session of sessions) tell(session);
    this.#tellIfGone();
  }

  #include(node: PlaneNode): Member | undefined {
    const known = this.#members.get(node.id);
    const target = targetOf(node);
    if (known !== undefined || target === undefined) return known;
    const { identity } = this.#options;
    const late = this.#begun;
    const member = new Member(this.#deps, { node, target, identity, listener: this, late });
    this.#members.set(node.id, member);
    return member;
  }

  #exclude(member: Member): void {
    this.#members.delete(member.id);
    this.#answer?.forget(member.id);
    member.leave();
    for (const link of member.links.slice()) this.#leave(link, member, { settleMs: SETTLE_MS });
  }

  #leave(link: PeerLink, member: Member, options: LeaveOptions): void {
    this.#memberOf.delete(link);
    this.#leaving.leave(link, member, options);
  }

  /** The SMSC keeps what it has to answer; it is asked again later whether it takes the bind. */
  #smscUnbinds(link: PeerLink, sequence: number): boolean {
    const member = this.#memberOf.get(link);
    const answer = (): void => link.refuse(Command.UNBIND, Status.OK, sequence);
    if (member === undefined) {
      answer();
      this.#leaving.end(link);
      return true;
    }
    this.#leave(link, member, { settleMs: SETTLE_MS, answerUnbind: answer });
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

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opening.cancel();
    for (const member of this.#members.values()) {
      member.leave();
      for (const link of member.links.slice()) this.#leave(link, member, { settleMs: 0 });
    }
    this.#options.onEnd();
    this.#tellIfGone();
  }

  /** Its member is not made yet when the first answers come. */
  #observerOf(id: string): AnswerObserver {
    return {
      answered: (pdu, command, origin) => this.#members.get(id)?.answered(pdu, command, origin),
      gaveUp: () => this.#members.get(id)?.gaveUp(),
    };
  }

  #tellIfGone(): void {
    if (this.#closed && this.#memberOf.size === 0 && this.#leaving.size === 0) this.#options.onGone();
  }

  #now(): number {
    return this.#deps.session.link.clock.now();
  }
}
