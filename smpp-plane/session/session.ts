import { Command, Status, type PduView } from '../wire';
import { EsmeSide, type EsmeActs, type EsmeConnection } from './esme-side';
import { SETTLE_MS, STOP_SETTLE_MS, unbindRequest, type FarewellOptions } from './farewell';
import { Farewells } from './farewells';
import { holdBack } from './hold-back';
import { esmeMaySend, smscMaySend } from './legality';
import type { LinkOwner } from './link-owner';
import { Hold } from './hold';
import type { PeerLink } from './peer-link';
import type { SessionDeps } from './session-deps';
import type { SmscLink } from './bind-attempt';
import { SmscSearch, type SmscSearchOptions } from './smsc-search';
import type { EsmeState, SmscState } from './state';
import type { TenantCounters } from './tenants';

type Leave = Pick<FarewellOptions, 'settleMs' | 'unbind' | 'done'>;

/** Session mode: one ESME connection, one SMSC connection, PDUs from one to the other (guides 1.4 and 1.8). */
export class Session implements LinkOwner {
  readonly id: string;
  readonly #deps: SessionDeps;
  readonly #esme: EsmeSide;
  readonly #acts: EsmeActs = { bind: (pdu) => this.#bind(pdu), close: (reason) => this.#closeEsme(reason) };
  readonly #onEnd: (session: Session) => void;
  /** The SMSC in use: only while BOUND, and while it waits for the ESME to answer its unbind. */
  #smsc: SmscLink | undefined;
  #search: SmscSearch | undefined;
  readonly #farewells: Farewells;
  /** SMSCs that are being taken leave of; they may still answer and deliver. */
  readonly #leaving = new Map<PeerLink, SmscLink>();
  /** Set once bound. */
  #tenant: TenantCounters | undefined;

  constructor(deps: SessionDeps, connection: EsmeConnection, onEnd: (session: Session) => void) {
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.id = Math.floor(deps.random() * Number.MAX_SAFE_INTEGER).toString(36);
    this.#farewells = new Farewells(deps.link.clock);
    this.#esme = new EsmeSide(deps, connection, this);
  }

  get state(): EsmeState {
    return this.#esme.state;
  }

  get smscState(): SmscState {
    const { state } = this.#esme;
    if (state === 'REBINDING' || state === 'UNBINDING' || state === 'CLOSED') return state;
    return this.#smsc === undefined ? (this.#search?.state ?? 'INITIAL') : 'BOUND';
  }

  get isBound(): boolean {
    return this.state === 'BOUND' || this.state === 'REBINDING';
  }

  /** Session timers; the links have their own. */
  tick(nowMs: number): void {
    if (this.#esme.isLate(nowMs)) {
      this.#deps.counters.bindTimeouts.value += 1;
      this.#closeEsme('no bind in time');
    }
    if (this.#isInactive(nowMs)) {
      this.#deps.counters.inactive.value += 1;
      this.#expelEsme(0);
    }
    this.#farewells.tick(nowMs);
  }

  /** The set of SMSCs changed: leaves one that is removed or in maintenance, asks one whose lease ran out whether it lives. */
  membersChanged(): void {
    const smsc = this.#smsc;
    if (smsc === undefined || this.state !== 'BOUND') return;
    if (!this.#deps.directory.keepsOldWork(smsc.target.id)) this.#leave(smsc, { unbind: unbindRequest() });
    else if (this.#deps.directory.isSuspect(smsc.target.id)) smsc.link.probe();
  }

  /** Ends the session in an orderly way: requests in flight are answered, both sides get unbind. */
  stop(): void {
    if (this.isBound) {
      this.#search?.cancel();
      this.#expelEsme(STOP_SETTLE_MS);
    } else if (this.state !== 'UNBINDING') this.#closeEsme('the balancer is stopping');
  }

  request(link: PeerLink, pdu: PduView): boolean {
    return link === this.#esme.link ? this.#fromEsme(pdu) : this.#fromSmsc(link, pdu);
  }

  answered(link: PeerLink, pdu: PduView, command: number): void {
    if (command === Command.UNBIND) this.#farewells.finish(link, pdu);
  }

  strayNack(link: PeerLink, pdu: PduView): void {
    const other = link === this.#esme.link ? this.#smsc?.link : this.#esme.link;
    if (other?.open === true && this.state === 'BOUND') other.answer(pdu, pdu.sequence);
    else this.#deps.link.trouble.lateAnswers.value += 1;
  }

  room(link: PeerLink): void {
    for (const sender of this.#sendersTo(link)) sender.release(Hold.WINDOW);
    if (link.window.size === 0) this.#farewells.settled(link);
  }

  congested(link: PeerLink): void {
    for (const sender of this.#sendersTo(link)) sender.hold(Hold.SLOW_PEER);
  }

  drained(link: PeerLink): void {
    for (const sender of this.#sendersTo(link)) sender.release(Hold.SLOW_PEER);
  }

  lost(link: PeerLink, reason: string): void {
    if (link === this.#esme.link) this.#esmeLost(reason);
    else this.#smscLost(link, reason);
  }

  /** On the packet path while BOUND. */
  #fromEsme(pdu: PduView): boolean {
    const smsc = this.#smsc;
    const esme = this.#esme;
    if (esme.state !== 'BOUND' || smsc === undefined) return esme.requestNotBound(pdu, this.#acts);
    if (!esmeMaySend(pdu.command, esme.bound)) {
      esme.refuseIllegal(pdu);
      return true;
    }
    if (pdu.command === Command.UNBIND) return this.#esmeUnbinds(pdu, smsc);
    if (smsc.link.window.full) return holdBack(esme.link, smsc.link, pdu, this.#deps.counters.throttled);
    const { rates } = this.#deps;
    const limited = rates.check(esme.link, pdu, { systemId: esme.bind.fields.systemId, smscId: smsc.target.id });
    if (limited !== undefined) return limited;
    if (this.#tenant !== undefined) this.#tenant.toServer.value += 1;
    smsc.link.relay(pdu, esme.link);
    return true;
  }

  /** On the packet path. */
  #fromSmsc(link: PeerLink, pdu: PduView): boolean {
    const esme = this.#esme;
    if (pdu.command === Command.UNBIND) return this.#smscUnbinds(link, pdu);
    if (!smscMaySend(pdu.command, esme.bound)) {
      this.#deps.counters.wrongState.value += 1;
      link.refuseInState(pdu.command, pdu.sequence);
    } else if (!esme.link.open) link.refuse(pdu.command, Status.SYSTEM_ERROR, pdu.sequence);
    else if (esme.link.window.full) return holdBack(link, esme.link, pdu, this.#deps.counters.throttled);
    else {
      if (this.#tenant !== undefined) this.#tenant.toClient.value += 1;
      esme.link.relay(pdu, link);
    }
    return true;
  }

  #bind(pdu: PduView): void {
    if (this.#esme.beginBind(pdu) === undefined) {
      this.#closeEsme('not allowed from there');
      return;
    }
    this.#startSearch({
      rounds: 1,
      refusalDecides: true,
      bound: (found, answer) => {
        this.#esme.accept(answer);
        this.#tenant = this.#deps.tenants.of(this.#esme.bind.fields.systemId);
        this.#use(found);
      },
      refused: (answer) => {
        this.#search = undefined;
        if (this.#esme.refuse(answer)) this.#closeEsme('too many failed binds');
      },
      exhausted: () => {
        this.#search = undefined;
        if (this.#esme.refuseWithoutServer()) this.#closeEsme('too many failed binds');
      },
    });
  }

  /** The ESME stays bound and is turned back until another SMSC took the same bind. */
  #rebind(avoid: string): void {
    this.#esme.state = 'REBINDING';
    this.#startSearch(
      {
        rounds: this.#deps.limits.rebindRounds,
        refusalDecides: false,
        bound: (found) => {
          this.#deps.counters.rebinds.value += 1;
          this.#deps.logger.debug({ session: this.id, smsc: found.target.id }, 'session rebound');
          this.#use(found);
        },
        refused: () => {},
        exhausted: () => {
          this.#deps.logger.debug({ session: this.id }, 'no smsc left, the esme is unbound');
          this.#expelEsme(0);
        },
      },
      avoid,
    );
  }

  #startSearch(options: Omit<SmscSearchOptions, 'bind' | 'systemId' | 'sessionId'>, avoid?: string): void {
    const { pdu, fields } = this.#esme.bind;
    const identity = { bind: pdu, systemId: fields.systemId, sessionId: this.id };
    this.#search = new SmscSearch(this.#deps, { ...options, ...identity });
    this.#search.start(avoid);
  }

  #use(found: SmscLink): void {
    this.#search = undefined;
    this.#smsc = found;
    found.link.owner = this;
    found.link.admit();
    this.#esme.state = 'BOUND';
    if (this.#esme.link.congested) found.link.hold(Hold.SLOW_PEER);
    this.#esme.link.release(Hold.WINDOW | Hold.SLOW_PEER);
    // The node may have left while the bind was under way.
    this.membersChanged();
  }

  /** The session goes on at another SMSC; the old one may still answer what it has. */
  #leave(smsc: SmscLink, { unbind, answer }: { unbind?: Buffer; answer?: () => void }): void {
    this.#detach(smsc, {
      settleMs: SETTLE_MS,
      unbind,
      done: () => {
        answer?.();
        this.#endSmsc(smsc);
      },
    });
    this.#esme.link.release(Hold.WINDOW | Hold.SLOW_PEER);
    this.#rebind(smsc.target.id);
  }

  /** Begins the farewell of the SMSC in use. */
  #detach(smsc: SmscLink, leave: Leave): void {
    this.#smsc = undefined;
    this.#leaving.set(smsc.link, smsc);
    this.#farewells.bid(smsc.link, leave);
  }

  #esmeUnbinds(pdu: PduView, smsc: SmscLink): boolean {
    const { sequence } = pdu;
    this.#esme.state = 'UNBINDING';
    this.#detach(smsc, {
      settleMs: SETTLE_MS,
      unbind: pdu.copy(),
      done: (answer) => {
        const { link } = this.#esme;
        if (answer === undefined) link.refuse(Command.UNBIND, Status.OK, sequence);
        else if (link.open) link.answer(answer, sequence);
        this.#endSmsc(smsc);
        this.#closeEsme('the ESME unbound');
      },
    });
    return true;
  }

  /** With another SMSC at hand the ESME notices nothing; otherwise the unbind is the ESME's to answer. */
  #smscUnbinds(link: PeerLink, { sequence }: PduView): boolean {
    const smsc = this.#smsc;
    const answer = (): void => link.refuse(Command.UNBIND, Status.OK, sequence);
    if (smsc?.link !== link || this.state !== 'BOUND') {
      answer();
      const gone = this.#leaving.get(link);
      if (gone !== undefined) this.#smscLost(gone.link, 'the SMSC unbound');
    } else if (this.#deps.directory.hasOther(smsc.target.id)) this.#leave(smsc, { answer });
    else this.#passUnbindOn(smsc, sequence);
    return true;
  }

  #passUnbindOn(smsc: SmscLink, sequence: number): void {
    this.#esme.state = 'UNBINDING';
    this.#esme.unbindingStatus = Status.SYSTEM_ERROR;
    this.#farewells.bid(this.#esme.link, {
      settleMs: 0,
      unbind: unbindRequest(),
      done: (answer) => {
        if (answer === undefined) smsc.link.refuse(Command.UNBIND, Status.OK, sequence);
        else if (smsc.link.open) smsc.link.answer(answer, sequence);
        if (this.#smsc === smsc) this.#smscLost(smsc.link, 'the SMSC unbound');
        this.#closeEsme('the SMSC unbound');
      },
    });
  }

  /** The balancer itself ends the session: answers in flight first, then unbind to the SMSC, then to the ESME. */
  #expelEsme(settleMs: number): void {
    this.#esme.state = 'UNBINDING';
    this.#esme.unbindingStatus = Status.SYSTEM_ERROR;
    const expel = (): void => {
      this.#farewells.bid(this.#esme.link, {
        settleMs: 0,
        unbind: unbindRequest(),
        done: () => this.#closeEsme('the balancer unbound the ESME'),
      });
    };
    const smsc = this.#smsc;
    if (smsc === undefined) {
      expel();
      return;
    }
    this.#detach(smsc, {
      settleMs,
      unbind: unbindRequest(),
      done: () => {
        this.#endSmsc(smsc);
        expel();
      },
    });
  }

  #smscLost(link: PeerLink, reason: string): void {
    const smsc = this.#smsc?.link === link ? this.#smsc : this.#leaving.get(link);
    if (smsc === undefined) return;
    this.#deps.logger.debug({ session: this.id, smsc: smsc.target.id, reason }, 'smsc connection over');
    const inUse = smsc === this.#smsc;
    if (inUse) this.#smsc = undefined;
    this.#leaving.set(link, smsc);
    this.#farewells.finish(link, undefined);
    this.#endSmsc(smsc);
    if (!inUse || this.state !== 'BOUND') return;
    this.#esme.link.release(Hold.SLOW_PEER);
    this.#deps.directory.failed(smsc.target);
    this.#rebind(smsc.target.id);
    // Last: what the ESME was held back with is turned back now.
    this.#esme.link.release(Hold.WINDOW);
  }

  /** Ends a link to an SMSC that is in `#leaving` and forgets it. */
  #endSmsc(smsc: SmscLink): void {
    smsc.link.end();
    this.#farewells.forget(smsc.link);
    if (this.#leaving.delete(smsc.link)) smsc.target.live.activeSessions -= 1;
    this.#endIfAlone();
  }

  #closeEsme(reason: string): void {
    if (!this.#esme.link.open) return;
    this.#esme.link.end();
    this.#esmeLost(reason);
  }

  #esmeLost(reason: string): void {
    const { link } = this.#esme;
    this.#deps.logger.debug({ session: this.id, peer: link.remote, reason }, 'esme connection over');
    this.#esme.state = 'CLOSED';
    this.#search?.cancel();
    this.#search = undefined;
    this.#farewells.finish(link, undefined);
    this.#farewells.forget(link);
    const smsc = this.#smsc;
    if (smsc !== undefined) {
      smsc.link.release(Hold.WINDOW | Hold.SLOW_PEER);
      this.#detach(smsc, { settleMs: 0, unbind: unbindRequest(), done: () => this.#endSmsc(smsc) });
    }
    this.#endIfAlone();
  }

  #endIfAlone(): void {
    if (this.state === 'CLOSED' && this.#leaving.size === 0 && this.#smsc === undefined) this.#onEnd(this);
  }

  #isInactive(nowMs: number): boolean {
    const { inactivityMs } = this.#deps.limits;
    const smsc = this.#smsc;
    if (inactivityMs === undefined || smsc === undefined || this.state !== 'BOUND') return false;
    return nowMs - Math.max(this.#esme.link.relayedAtMs, smsc.link.relayedAtMs) >= inactivityMs;
  }

  /** Whose reading depends on how fast `link` takes and answers. */
  #sendersTo(link: PeerLink): PeerLink[] {
    if (link !== this.#esme.link) return link === this.#smsc?.link ? [this.#esme.link] : [];
    const senders = [...this.#leaving.keys()];
    return this.#smsc === undefined ? senders : [this.#smsc.link, ...senders];
  }
}
