import type { Socket } from 'node:net';
import type { Peer } from '../../runtime/proxy-protocol';
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
import { Bound, boundBy, esmeMaySend, isStandard } from './legality';
import type { LinkOwner } from './link-owner';
import { PeerLink } from './peer-link';
import type { SessionDeps } from './session-deps';
import type { EsmeState } from './state';

/** Longest PDU before the bind, bytes; the longest legal bind is about a hundred and its TLVs. */
const UNBOUND_PDU_BYTES = 1024;
/** A connection that failed to bind this often is closed. */
const MAX_FAILED_BINDS = 5;

/** A connection of an ESME. */
export interface EsmeConnection {
  readonly socket: Socket;
  /** Where the ESME is, proxies seen through. */
  readonly peer: Peer;
}

/** A bind as an ESME sent it. */
export interface EsmeBind {
  readonly pdu: Buffer;
  readonly command: number;
  readonly sequence: number;
  readonly fields: BindFields;
}

/** What a session does when its ESME asks for it. */
export interface EsmeActs {
  /** A bind came on an OPEN connection. */
  bind(pdu: PduView): void;
  close(reason: string): void;
}

const NO_BIND: EsmeBind = {
  pdu: Buffer.alloc(0),
  command: 0,
  sequence: 0,
  fields: { systemId: '', interfaceVersion: 0 },
};

/** The ESME's end of a session: its link, its state (guides 1.8, "server part"), its bind, and the answers that need no SMSC. */
export class EsmeSide {
  readonly link: PeerLink;
  /** What it is bound for; Bound.NONE until a bind succeeded. */
  bound: number = Bound.NONE;
  state: EsmeState = 'OPEN';
  /** What requests are told while UNBINDING. */
  unbindingStatus: number = Status.INVALID_BIND_STATUS;
  readonly #deps: SessionDeps;
  #bind = NO_BIND;
  #openSinceMs: number;
  #failedBinds = 0;

  constructor(deps: SessionDeps, connection: EsmeConnection, owner: LinkOwner) {
    this.#deps = deps;
    this.#openSinceMs = deps.link.clock.now();
    this.link = new PeerLink(deps.link, { ...connection, owner, out: deps.toClient, maxPduBytes: UNBOUND_PDU_BYTES });
  }

  /** The bind in force or under way. */
  get bind(): EsmeBind {
    return this.#bind;
  }

  /** True when an ESME has been connected too long without a bind. */
  isLate(nowMs: number): boolean {
    return this.state === 'OPEN' && nowMs - this.#openSinceMs >= this.#deps.limits.bindTimeoutMs;
  }

  /** A request while there is no SMSC to send it to, in whatever state; false when the connection is over. */
  requestNotBound(pdu: PduView, acts: EsmeActs): boolean {
    switch (this.state) {
      case 'OPEN':
        if (isBind(pdu.command)) acts.bind(pdu);
        else {
          this.#refuseStranger(pdu);
          acts.close('not a bind');
        }
        return true;
      case 'BINDING':
        this.refuseIllegal(pdu);
        return true;
      case 'BOUND':
      case 'REBINDING':
        if (pdu.command === Command.UNBIND) {
          this.link.refuse(Command.UNBIND, Status.OK, pdu.sequence);
          acts.close('the ESME unbound');
        } else this.#turnBack(pdu);
        return true;
      case 'UNBINDING':
        this.#refuseLeaving(pdu);
        return true;
      case 'CLOSED':
        return false;
    }
  }

  /** Takes a bind: the state is BINDING. Undefined: it may not bind from there and was refused. */
  beginBind(pdu: PduView): EsmeBind | undefined {
    const copy = pdu.copy();
    this.#bind = { pdu: copy, command: pdu.command, sequence: pdu.sequence, fields: readBindFields(copy) };
    if (this.#deps.allowList.permits(this.#bind.fields.systemId, this.link.remoteAddress)) {
      this.state = 'BINDING';
      return this.#bind;
    }
    this.#deps.counters.notAllowed.value += 1;
    this.link.refuse(pdu.command, Status.BIND_FAILED, pdu.sequence);
    return undefined;
  }

  /** An SMSC accepted: its answer goes back. The caller sets the state. */
  accept(answer: PduView): void {
    this.link.answer(answer, this.#bind.sequence);
    this.#admit();
  }

  /** The balancer accepts by itself, with the whole bind_resp given. */
  acceptLocally(answer: Buffer): void {
    this.link.respond(answer);
    this.#admit();
  }

  /** An SMSC refused: its answer goes back. True: that was once too often. */
  refuse(answer: PduView): boolean {
    this.link.answer(answer, this.#bind.sequence);
    this.#deps.counters.bindsRefused.value += 1;
    return this.#bindFailed();
  }

  /** As `refuse`, with a whole bind_resp of the caller's. */
  refuseLocally(answer: Buffer): boolean {
    this.link.respond(answer);
    this.#deps.counters.bindsRefused.value += 1;
    return this.#bindFailed();
  }

  /** No SMSC could be reached. True: that was once too often. */
  refuseWithoutServer(): boolean {
    this.link.respond(
      localBindResponse({
        bind: this.#bind.command,
        status: Status.SYSTEM_ERROR,
        sequence: this.#bind.sequence,
        interfaceVersion: this.#bind.fields.interfaceVersion,
      }),
    );
    this.#deps.counters.bindsWithoutServer.value += 1;
    return this.#bindFailed();
  }

  /** A request that is not legal in this state; a second bind has an answer of its own. */
  refuseIllegal(pdu: PduView): void {
    const again = isBind(pdu.command);
    const { alreadyBound, wrongState } = this.#deps.counters;
    (again ? alreadyBound : wrongState).value += 1;
    if (again) this.link.refuse(pdu.command, Status.ALREADY_BOUND, pdu.sequence);
    else this.link.refuseInState(pdu.command, pdu.sequence);
  }

  #admit(): void {
    this.bound = boundBy(this.#bind.command);
    this.link.admit();
    this.#deps.counters.bindsAccepted.value += 1;
  }

  /** The first thing on a connection is not a bind: whoever that is, it is no ESME that waits for a second chance. */
  #refuseStranger(pdu: PduView): void {
    this.#deps.counters.notBound.value += 1;
    if (isStandard(pdu.command) && !isUnanswered(pdu.command)) this.link.refuseInState(pdu.command, pdu.sequence);
    else this.link.respond(headerOnly(Command.GENERIC_NACK, Status.INVALID_COMMAND, pdu.sequence));
  }

  /** There is no SMSC at the moment. */
  #turnBack(pdu: PduView): void {
    if (!esmeMaySend(pdu.command, this.bound)) {
      this.refuseIllegal(pdu);
      return;
    }
    this.#deps.counters.turnedBack.value += 1;
    this.link.refuse(pdu.command, Status.SYSTEM_ERROR, pdu.sequence);
  }

  /** Somebody said goodbye; goodbyes that cross are both answered. */
  #refuseLeaving(pdu: PduView): void {
    if (isUnanswered(pdu.command)) this.link.refuseInState(pdu.command, pdu.sequence);
    else this.link.refuse(pdu.command, pdu.command === Command.UNBIND ? Status.OK : this.unbindingStatus, pdu.sequence);
  }

  #bindFailed(): boolean {
    this.state = 'OPEN';
    this.#openSinceMs = this.#deps.link.clock.now();
    this.#failedBinds += 1;
    return this.#failedBinds >= MAX_FAILED_BINDS;
  }
}
