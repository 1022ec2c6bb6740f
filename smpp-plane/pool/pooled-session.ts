import {
  Bound,
  EsmeSide,
  Farewells,
  Hold,
  SETTLE_MS,
  STOP_SETTLE_MS,
  esmeMaySend,
  unbindRequest,
  type EsmeActs,
  type EsmeConnection,
  type LinkOwner,
  type PeerLink,
} from '../session';
import { Command, Status, putSequence, type PduView } from '../wire';
import type { Accounts } from './accounts';
import type { Account } from './account';
import type { PoolDeps } from './pool-deps';
import type { PoolSession } from './pool-session';
import type { UpstreamPool } from './upstream-pool';

/** Pool mode: one ESME connection that shares binds to every SMSC with the other ESMEs of its account. */
export class PooledSession implements LinkOwner, PoolSession {
  readonly #deps: PoolDeps;
  readonly #accounts: Accounts;
  readonly #esme: EsmeSide;
  readonly #acts: EsmeActs = { bind: (pdu) => this.#bind(pdu), close: (reason) => this.#close(reason) };
  readonly #onEnd: (session: PooledSession) => void;
  readonly #farewells: Farewells;
  #account: Account | undefined;
  #pool: UpstreamPool | undefined;
  /** Set while UNBINDING: what to do once everything of this ESME is answered, and when to do it at the latest. */
  #settled: { readonly untilMs: number; readonly goOn: () => void } | undefined;

  constructor(
    deps: PoolDeps,
    accounts: Accounts,
    options: { connection: EsmeConnection; onEnd: (session: PooledSession) => void },
  ) {
    this.#deps = deps;
    this.#accounts = accounts;
    this.#onEnd = options.onEnd;
    this.#farewells = new Farewells(deps.session.link.clock);
    this.#esme = new EsmeSide(deps.session, options.connection, this);
  }

  get link(): PeerLink {
    return this.#esme.link;
  }

  get isBound(): boolean {
    return this.#esme.state === 'BOUND' || this.#esme.state === 'REBINDING';
  }

  get receives(): boolean {
    return this.isBound && (this.#esme.bound & Bound.RECEIVER) !== 0;
  }

  tick(nowMs: number): void {
    if (this.#esme.isLate(nowMs)) {
      this.#deps.session.counters.bindTimeouts.value += 1;
      this.#close('no bind in time');
    }
    if (this.#isInactive(nowMs)) {
      this.#deps.session.counters.inactive.value += 1;
      this.#expel(0);
    }
    this.#farewells.tick(nowMs);
    this.#goOnIfSettled(nowMs);
  }

  /** Members are the pools' business. */
  membersChanged(): void {}

  stop(): void {
    if (this.isBound) this.#expel(STOP_SETTLE_MS);
    else if (this.#esme.state !== 'UNBINDING') this.#close('the balancer is stopping');
  }

  /** On the packet path while BOUND. */
  request(_link: PeerLink, pdu: PduView): boolean {
    const esme = this.#esme;
    if (esme.state !== 'BOUND' || this.#pool === undefined) return esme.requestNotBound(pdu, this.#acts);
    if (!esmeMaySend(pdu.command, esme.bound)) {
      esme.refuseIllegal(pdu);
      return true;
    }
    if (pdu.command === Command.UNBIND) return this.#unbinds(pdu.sequence);
    return this.#pool.submit(esme.link, pdu);
  }

  answered(link: PeerLink, pdu: PduView, command: number): void {
    if (command === Command.UNBIND) this.#farewells.finish(link, pdu);
  }

  strayNack(): void {
    this.#deps.session.link.trouble.lateAnswers.value += 1;
  }

  room(link: PeerLink): void {
    if (link.window.size === 0) this.#farewells.settled(link);
    this.#account?.makeRoom();
  }

  congested(): void {}

  drained(): void {
    this.#account?.makeRoom();
  }

  lost(_link: PeerLink, reason: string): void {
    this.#lost(reason);
  }

  accepted(answer: Buffer): void {
    putSequence(answer, 0, this.#esme.bind.sequence);
    this.#esme.acceptLocally(answer);
    this.#esme.state = 'BOUND';
  }

  refused(answer: Buffer): void {
    this.#leave();
    putSequence(answer, 0, this.#esme.bind.sequence);
    if (this.#esme.refuseLocally(answer)) this.#close('too many failed binds');
  }

  unreachable(): void {
    this.#leave();
    if (this.#esme.refuseWithoutServer()) this.#close('too many failed binds');
  }

  interrupted(): void {
    if (this.#esme.state !== 'BOUND') return;
    this.#esme.state = 'REBINDING';
    this.#esme.link.release(Hold.WINDOW);
  }

  resumed(): void {
    if (this.#esme.state === 'REBINDING') this.#esme.state = 'BOUND';
  }

  ended(): void {
    if (this.isBound) this.#expel(0);
  }

  #bind(pdu: PduView): void {
    const bind = this.#esme.beginBind(pdu);
    if (bind === undefined) {
      this.#close('not allowed from there');
      return;
    }
    const { account, pool } = this.#accounts.poolFor(bind);
    this.#account = account;
    this.#pool = pool;
    account.join(this);
    pool.join(this);
  }

  #unbinds(sequence: number): boolean {
    this.#esme.state = 'UNBINDING';
    this.#settle(SETTLE_MS, () => {
      this.#esme.link.refuse(Command.UNBIND, Status.OK, sequence);
      this.#close('the ESME unbound');
    });
    return true;
  }

  /** The balancer itself ends the session. */
  #expel(settleMs: number): void {
    this.#esme.state = 'UNBINDING';
    this.#esme.unbindingStatus = Status.SYSTEM_ERROR;
    this.#esme.link.release(Hold.WINDOW);
    this.#settle(settleMs, () => {
      this.#farewells.bid(this.#esme.link, {
        settleMs: 0,
        unbind: unbindRequest(),
        done: () => this.#close('the balancer unbound the ESME'),
      });
    });
  }

  #settle(settleMs: number, goOn: () => void): void {
    const nowMs = this.#deps.session.link.clock.now();
    this.#settled = { untilMs: nowMs + settleMs, goOn };
    this.#goOnIfSettled(nowMs);
  }

  #goOnIfSettled(nowMs: number): void {
    const settled = this.#settled;
    if (settled === undefined || (this.#esme.link.outstanding > 0 && nowMs < settled.untilMs)) return;
    this.#settled = undefined;
    settled.goOn();
  }

  #isInactive(nowMs: number): boolean {
    const { inactivityMs } = this.#deps.session.limits;
    if (inactivityMs === undefined || this.#esme.state !== 'BOUND') return false;
    const { relayedAtMs, askedAtMs } = this.#esme.link;
    return nowMs - Math.max(relayedAtMs, askedAtMs) >= inactivityMs;
  }

  #close(reason: string): void {
    if (!this.#esme.link.open) return;
    this.#esme.link.end();
    this.#lost(reason);
  }

  #lost(reason: string): void {
    const { link } = this.#esme;
    this.#deps.session.logger.debug({ peer: link.remote, reason }, 'esme connection over');
    this.#esme.state = 'CLOSED';
    this.#settled = undefined;
    this.#farewells.finish(link, undefined);
    this.#farewells.forget(link);
    this.#leave();
    this.#onEnd(this);
  }

  #leave(): void {
    const { pool, account } = { pool: this.#pool, account: this.#account };
    this.#pool = undefined;
    this.#account = undefined;
    pool?.leave(this);
    if (account?.leave(this) === true) this.#accounts.forget(account);
  }
}
