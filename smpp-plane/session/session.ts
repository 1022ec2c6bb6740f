import type { Socket } from 'node:net';
import {
  Command,
  Status,
  headerOnly,
  isBind,
  isUnanswered,
  localBindResponse,
  readBindFields,
  type BindFields,
  type PduView,
} from '../wire';
import { Farewell, SETTLE_MS } from './farewell';
import { Bound, boundBy, esmeMaySend, isStandard, smscMaySend } from './legality';
import type { LinkOwner } from './link-owner';
import { Hold, PeerLink } from './peer-link';
import type { SessionDeps } from './session-deps';
import { SmscSearch, type SmscLink, type SmscSearchOptions } from './smsc-search';
import type { EsmeState, SmscState } from './state';

/** Longest PDU before the bind, bytes; the longest legal bind is about a hundred and its TLVs. */
const UNBOUND_PDU_BYTES = 1024;
/** A connection that failed to bind this often is closed. */
const MAX_FAILED_BINDS = 5;
/** While the balancer itself ends a session, requests in flight get this long, ms. */
const STOP_SETTLE_MS = 1000;

/** Plain session mode: one ESME connection, one SMSC connection, PDUs from one to the other (guides 1.4 and 1.8). */
export class Session implements LinkOwner {
  readonly id: string;
  readonly #deps: SessionDeps;
  readonly #esme: PeerLink;
  readonly #onEnd: (session: Session) => void;
  #state: EsmeState = 'OPEN';
  #openSinceMs: number;
  #failedBinds = 0;
  #bind: Buffer = Buffer.alloc(0);
  #bindSequence = 0;
  #fields: BindFields = { systemId: '', interfaceVersion: 0 };
  #bound: number = Bound.NONE;
  #smsc: SmscLink | undefined;
  #search: SmscSearch | undefined;
  /** Links that are being taken leave of; SMSCs among them may still answer and deliver. */
  readonly #farewells = new Map<PeerLink, Farewell>();
  /** The targets of SMSC links in `#farewells`. */
  readonly #leaving = new Map<PeerLink, SmscLink>();
  /** What requests are told while UNBINDING. */
  #unbindingStatus: number = Status.INVALID_BIND_STATUS;

  constructor(deps: SessionDeps, socket: Socket, onEnd: (session: Session) => void) {
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.id = Math.floor(deps.random() * Number.MAX_SAFE_INTEGER).toString(36);
    this.#openSinceMs = deps.link.clock.now();
    this.#esme = new PeerLink(deps.link, {
      socket,
      owner: this,
      out: deps.toClient,
      maxPduBytes: UNBOUND_PDU_BYTES,
    });
  }

  get state(): EsmeState {
    return this.#state;
  }

  get smscState(): SmscState {
    if (this.#state === 'REBINDING' || this.#state === 'UNBINDING') return this.#state;
    if (this.#smsc !== undefined) return 'BOUND';
    return this.#search?.state ?? (this.#state === 'CLOSED' ? 'CLOSED' : 'INITIAL');
  }

  get isBound(): boolean {
    return this.#state === 'BOUND' || this.#state === 'REBINDING';
  }

  /** Session timers; the links have their own. */
  tick(nowMs: number): void {
    if (this.#state === 'OPEN' && nowMs - this.#openSinceMs >= this.#deps.limits.bindTimeoutMs) {
      this.#deps.counters.bindTimeouts.value += 1;
      this.#closeEsme('no bind in time');
    }
    for (const farewell of this.#farewells.values()) farewell.tick(nowMs);
  }

  /** The set of SMSCs changed: leaves one that is removed or in maintenance, asks one whose lease ran out whether it lives. */
  membersChanged(): void {
    const smsc = this.#smsc;
    if (smsc === undefined || this.#state !== 'BOUND') return;
    if (!this.#deps.directory.keepsOldWork(smsc.target.id)) this.#leave(smsc, unbindRequest());
    else if (this.#deps.directory.isSuspect(smsc.target.id)) smsc.link.probe();
  }

  /** Ends the session in an orderly way: requests in flight are answered, both sides get unbind. */
  stop(): void {
    switch (this.#state) {
      case 'BOUND':
      case 'REBINDING':
        this.#search?.cancel();
        this.#expelEsme(STOP_SETTLE_MS);
        return;
      case 'OPEN':
      case 'BINDING':
        this.#closeEsme('the balancer is stopping');
        return;
      case 'UNBINDING':
      case 'CLOSED':
    }
  }

  request(link: PeerLink, pdu: PduView): boolean {
    return link === this.#esme ? this.#fromEsme(pdu) : this.#fromSmsc(link, pdu);
  }

  answered(link: PeerLink, pdu: PduView, command: number): void {
    if (command === Command.UNBIND) this.#farewells.get(link)?.finish(pdu);
  }

  strayNack(link: PeerLink, pdu: PduView): void {
    const other = link === this.#esme ? this.#smsc?.link : this.#esme;
    if (other?.open && this.#state === 'BOUND') other.answer(pdu, pdu.sequence);
    else this.#deps.link.trouble.lateAnswers.value += 1;
  }

  room(link: PeerLink): void {
    if (link === this.#esme) {
      this.#smsc?.link.release(Hold.WINDOW);
      for (const leaving of this.#leaving.keys()) leaving.release(Hold.WINDOW);
    } else if (link === this.#smsc?.link) this.#esme.release(Hold.WINDOW);
    if (link.window.size === 0) this.#farewells.get(link)?.tick(this.#now());
  }

  congested(link: PeerLink): void {
    if (link === this.#esme) {
      this.#smsc?.link.hold(Hold.SLOW_PEER);
      for (const leaving of this.#leaving.keys()) leaving.hold(Hold.SLOW_PEER);
    } else if (link === this.#smsc?.link) this.#esme.hold(Hold.SLOW_PEER);
  }

  drained(link: PeerLink): void {
    if (link === this.#esme) {
      this.#smsc?.link.release(Hold.SLOW_PEER);
      for (const leaving of this.#leaving.keys()) leaving.release(Hold.SLOW_PEER);
    } else if (link === this.#smsc?.link) this.#esme.release(Hold.SLOW_PEER);
  }

  lost(link: PeerLink, reason: string): void {
    if (link === this.#esme) this.#esmeLost(reason);
    else this.#smscLost(link, reason);
  }

  // ---- from the ESME -------------------------------------------------------------------------------------------------

  /** On the packet path while BOUND. */
  #fromEsme(pdu: PduView): boolean {
    const smsc = this.#smsc;
    if (this.#state !== 'BOUND' || smsc === undefined) return this.#fromEsmeNotBound(pdu);
    if (!esmeMaySend(pdu.command, this.#bound)) return this.#illegal(this.#esme, pdu);
    if (pdu.command === Command.UNBIND) return this.#esmeUnbinds(pdu, smsc);
    if (smsc.link.window.full) return this.#windowFull(this.#esme, smsc.link, pdu);
    smsc.link.relay(pdu, this.#esme);
    return true;
  }

  #fromEsmeNotBound(pdu: PduView): boolean {
    switch (this.#state) {
      case 'OPEN':
        if (isBind(pdu.command)) this.#bindTo(pdu);
        else this.#strangerSpeaks(pdu);
        return true;
      case 'BINDING':
        return this.#illegal(this.#esme, pdu);
      case 'BOUND':
      case 'REBINDING':
        return this.#turnBack(pdu);
      case 'UNBINDING':
        // Goodbyes that cross: both are answered.
        this.#esme.refuse(
          pdu.command,
          pdu.command === Command.UNBIND ? Status.OK : this.#unbindingStatus,
          pdu.sequence,
        );
        return true;
      case 'CLOSED':
        return false;
    }
  }

  /** The first thing on a connection is not a bind: whoever that is, it is not an ESME that waits for a second chance. */
  #strangerSpeaks(pdu: PduView): void {
    this.#deps.counters.notBound.value += 1;
    if (isStandard(pdu.command) && !isUnanswered(pdu.command)) {
      this.#esme.refuse(pdu.command, Status.INVALID_BIND_STATUS, pdu.sequence);
    } else this.#esme.respond(headerOnly(Command.GENERIC_NACK, Status.INVALID_COMMAND, pdu.sequence));
    this.#closeEsme('not a bind');
  }

  #turnBack(pdu: PduView): boolean {
    if (pdu.command === Command.UNBIND) {
      this.#esme.refuse(Command.UNBIND, Status.OK, pdu.sequence);
      this.#closeEsme('the ESME unbound');
      return true;
    }
    if (!esmeMaySend(pdu.command, this.#bound)) return this.#illegal(this.#esme, pdu);
    this.#deps.counters.turnedBack.value += 1;
    this.#esme.refuse(pdu.command, Status.SYSTEM_ERROR, pdu.sequence);
    return true;
  }

  #illegal(link: PeerLink, pdu: PduView): boolean {
    const again = link === this.#esme && isBind(pdu.command);
    const { alreadyBound, wrongState } = this.#deps.counters;
    (again ? alreadyBound : wrongState).value += 1;
    link.refuse(pdu.command, again ? Status.ALREADY_BOUND : Status.INVALID_BIND_STATUS, pdu.sequence);
    return true;
  }

  /**
   * Stops reading the sender until answers make room. Never both directions at once: each would wait for answers that the other
   * does not read; the second one is told to slow down instead.
   */
  #windowFull(from: PeerLink, to: PeerLink, pdu: PduView): boolean {
    if (isUnanswered(pdu.command)) {
      to.relay(pdu, from);
      return true;
    }
    if (to.held(Hold.WINDOW)) {
      this.#deps.counters.throttled.value += 1;
      from.refuse(pdu.command, Status.THROTTLED, pdu.sequence);
      return true;
    }
    to.notifyAt = Math.floor(to.window.limit * 0.75);
    from.hold(Hold.WINDOW);
    return false;
  }

  // ---- from the SMSC -------------------------------------------------------------------------------------------------

  /** On the packet path. */
  #fromSmsc(link: PeerLink, pdu: PduView): boolean {
    if (pdu.command === Command.UNBIND) return this.#smscUnbinds(link, pdu);
    if (!smscMaySend(pdu.command, this.#bound)) return this.#illegal(link, pdu);
    if (!this.#esme.open) {
      link.refuse(pdu.command, Status.SYSTEM_ERROR, pdu.sequence);
      return true;
    }
    if (this.#esme.window.full) return this.#windowFull(link, this.#esme, pdu);
    this.#esme.relay(pdu, link);
    return true;
  }

  // ---- binding -------------------------------------------------------------------------------------------------------

  #bindTo(pdu: PduView): void {
    this.#bind = pdu.copy();
    this.#bindSequence = pdu.sequence;
    this.#fields = readBindFields(this.#bind);
    this.#state = 'BINDING';
    this.#startSearch({
      rounds: 1,
      refusalDecides: true,
      bound: (found, answer) => {
        this.#bound = boundBy(pdu.command);
        this.#esme.answer(answer, this.#bindSequence);
        this.#esme.admit();
        this.#deps.counters.bindsAccepted.value += 1;
        this.#use(found);
      },
      refused: (answer) => {
        this.#esme.answer(answer, this.#bindSequence);
        this.#deps.counters.bindsRefused.value += 1;
        this.#bindFailed();
      },
      exhausted: () => {
        this.#esme.respond(
          localBindResponse({
            bind: pdu.command,
            status: Status.SYSTEM_ERROR,
            sequence: this.#bindSequence,
            interfaceVersion: this.#fields.interfaceVersion,
          }),
        );
        this.#deps.counters.bindsWithoutServer.value += 1;
        this.#bindFailed();
      },
    });
  }

  #bindFailed(): void {
    this.#search = undefined;
    this.#state = 'OPEN';
    this.#openSinceMs = this.#now();
    this.#failedBinds += 1;
    if (this.#failedBinds >= MAX_FAILED_BINDS) this.#closeEsme('too many failed binds');
  }

  #rebind(avoid: string): void {
    this.#state = 'REBINDING';
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
    this.#search = new SmscSearch(this.#deps, {
      ...options,
      bind: this.#bind,
      systemId: this.#fields.systemId,
      sessionId: this.id,
    });
    this.#search.start(avoid);
  }

  #use(found: SmscLink): void {
    this.#search = undefined;
    this.#smsc = found;
    found.link.owner = this;
    found.link.admit();
    this.#state = 'BOUND';
    if (this.#esme.congested) found.link.hold(Hold.SLOW_PEER);
    this.#esme.release(Hold.WINDOW | Hold.SLOW_PEER);
    // The node may have left while the bind was under way.
    this.membersChanged();
  }

  // ---- leaving -------------------------------------------------------------------------------------------------------

  /** The session goes on at another SMSC; the old one may answer what it has, then gets `unbind` (undefined: it said so itself). */
  #leave(smsc: SmscLink, unbind: Buffer | undefined, answer?: () => void): void {
    this.#detach(smsc, {
      settleMs: SETTLE_MS,
      unbind,
      done: () => {
        answer?.();
        this.#endSmsc(smsc);
      },
    });
    this.#esme.release(Hold.WINDOW | Hold.SLOW_PEER);
    this.#rebind(smsc.target.id);
  }

  /** Begins the farewell of the SMSC in use. */
  #detach(
    smsc: SmscLink,
    options: { settleMs: number; unbind: Buffer | undefined; done: (answer: PduView | undefined) => void },
  ): void {
    this.#smsc = undefined;
    this.#leaving.set(smsc.link, smsc);
    this.#bidFarewell(smsc.link, options);
  }

  #bidFarewell(
    link: PeerLink,
    options: { settleMs: number; unbind: Buffer | undefined; done: (answer: PduView | undefined) => void },
  ): void {
    const farewell = new Farewell({ link, nowMs: this.#now(), ...options });
    this.#farewells.set(link, farewell);
    farewell.tick(this.#now());
  }

  #esmeUnbinds(pdu: PduView, smsc: SmscLink): boolean {
    const { sequence } = pdu;
    this.#state = 'UNBINDING';
    this.#unbindingStatus = Status.INVALID_BIND_STATUS;
    this.#detach(smsc, {
      settleMs: SETTLE_MS,
      unbind: pdu.copy(),
      done: (answer) => {
        if (answer === undefined) this.#esme.refuse(Command.UNBIND, Status.OK, sequence);
        else if (this.#esme.open) this.#esme.answer(answer, sequence);
        this.#endSmsc(smsc);
        this.#closeEsme('the ESME unbound');
      },
    });
    return true;
  }

  /** With another SMSC at hand the ESME notices nothing; otherwise the unbind is the ESME's to answer. */
  #smscUnbinds(link: PeerLink, pdu: PduView): boolean {
    const smsc = this.#smsc;
    const { sequence } = pdu;
    if (smsc?.link !== link || this.#state !== 'BOUND') {
      link.refuse(Command.UNBIND, Status.OK, sequence);
      const leaving = this.#leaving.get(link);
      if (leaving !== undefined) this.#endSmsc(leaving);
      return true;
    }
    if (this.#deps.directory.hasOther(smsc.target.id)) {
      this.#leave(smsc, undefined, () => link.refuse(Command.UNBIND, Status.OK, sequence));
      return true;
    }
    this.#state = 'UNBINDING';
    this.#unbindingStatus = Status.SYSTEM_ERROR;
    this.#bidFarewell(this.#esme, {
      settleMs: 0,
      unbind: pdu.copy(),
      done: (answer) => {
        if (answer === undefined) link.refuse(Command.UNBIND, Status.OK, sequence);
        else if (link.open) link.answer(answer, sequence);
        if (this.#smsc === smsc) {
          this.#smsc = undefined;
          this.#leaving.set(link, smsc);
          this.#endSmsc(smsc);
        }
        this.#closeEsme('the SMSC unbound');
      },
    });
    return true;
  }

  /** The balancer itself ends the session: answers in flight first, then unbind to the ESME, then to the SMSC. */
  #expelEsme(settleMs: number): void {
    this.#state = 'UNBINDING';
    this.#unbindingStatus = Status.SYSTEM_ERROR;
    const expel = (): void => {
      this.#bidFarewell(this.#esme, {
        settleMs: 0,
        unbind: unbindRequest(),
        done: () => this.#closeEsme('the balancer unbound the ESME'),
      });
    };
    const smsc = this.#smsc;
    if (smsc === undefined) expel();
    else {
      this.#detach(smsc, {
        settleMs,
        unbind: unbindRequest(),
        done: () => {
          this.#endSmsc(smsc);
          expel();
        },
      });
    }
  }

  #smscLost(link: PeerLink, reason: string): void {
    const smsc = this.#smsc?.link === link ? this.#smsc : this.#leaving.get(link);
    if (smsc === undefined) return;
    this.#deps.logger.debug({ session: this.id, smsc: smsc.target.id, reason }, 'smsc connection over');
    const inUse = smsc === this.#smsc;
    if (inUse) this.#smsc = undefined;
    this.#leaving.set(link, smsc);
    this.#farewells.get(link)?.finish(undefined);
    this.#endSmsc(smsc);
    if (!inUse || this.#state !== 'BOUND') return;
    this.#esme.release(Hold.SLOW_PEER);
    this.#deps.directory.failed(smsc.target);
    this.#rebind(smsc.target.id);
    // Last: what the ESME was held back with is turned back now.
    this.#esme.release(Hold.WINDOW);
  }

  /** Ends a link to an SMSC and forgets it. */
  #endSmsc(smsc: SmscLink): void {
    smsc.link.end();
    this.#farewells.delete(smsc.link);
    if (this.#leaving.delete(smsc.link)) smsc.target.live.activeSessions -= 1;
    this.#endIfAlone();
  }

  #closeEsme(reason: string): void {
    if (!this.#esme.open) return;
    this.#esme.end();
    this.#esmeLost(reason);
  }

  #esmeLost(reason: string): void {
    this.#deps.logger.debug({ session: this.id, peer: this.#esme.remote, reason }, 'esme connection over');
    this.#state = 'CLOSED';
    this.#search?.cancel();
    this.#search = undefined;
    this.#farewells.get(this.#esme)?.finish(undefined);
    this.#farewells.delete(this.#esme);
    const smsc = this.#smsc;
    if (smsc !== undefined) {
      smsc.link.release(Hold.WINDOW | Hold.SLOW_PEER);
      this.#detach(smsc, { settleMs: 0, unbind: unbindRequest(), done: () => this.#endSmsc(smsc) });
    }
    this.#endIfAlone();
  }

  #endIfAlone(): void {
    if (this.#state === 'CLOSED' && this.#leaving.size === 0 && this.#smsc === undefined) this.#onEnd(this);
  }

  #now(): number {
    return this.#deps.link.clock.now();
  }
}

function unbindRequest(): Buffer {
  return headerOnly(Command.UNBIND, Status.OK, 0);
}
