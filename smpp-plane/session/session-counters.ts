import type { Counter, Counters } from '../../runtime/counters';

/** What happens to sessions, and what is refused by reason. */
export interface SessionCounters {
  readonly bindsAccepted: Counter;
  readonly bindsRefused: Counter;
  /** Binds answered ESME_RSYSERR because no SMSC could be reached. */
  readonly bindsWithoutServer: Counter;
  /** Connections that did not bind in time. */
  readonly bindTimeouts: Counter;
  /** Sessions that were unbound because nothing was sent for long. */
  readonly inactive: Counter;
  /** Sessions that went to another SMSC while their ESME stayed bound. */
  readonly rebinds: Counter;
  /** Requests turned back while a session had no SMSC. */
  readonly turnedBack: Counter;
  /** Binds from an address that the allow-list of their system_id does not have. */
  readonly notAllowed: Counter;
  readonly wrongState: Counter;
  readonly alreadyBound: Counter;
  readonly notBound: Counter;
  readonly throttled: Counter;
  /** Messages refused for coming too fast; that had to wait. */
  readonly rateThrottled: Counter;
  readonly rateDelayed: Counter;
}

export function sessionCounters(counters: Counters): SessionCounters {
  return {
    bindsAccepted: counters.counter('smpp.binds.accepted'),
    bindsRefused: counters.counter('smpp.binds.refused'),
    bindsWithoutServer: counters.counter('smpp.binds.noServer'),
    bindTimeouts: counters.counter('smpp.timeouts.bind'),
    inactive: counters.counter('smpp.timeouts.inactivity'),
    rebinds: counters.counter('smpp.rebinds'),
    turnedBack: counters.counter('smpp.rejects.rebinding'),
    notAllowed: counters.counter('smpp.rejects.notAllowed'),
    wrongState: counters.counter('smpp.rejects.wrongState'),
    alreadyBound: counters.counter('smpp.rejects.alreadyBound'),
    notBound: counters.counter('smpp.rejects.notBound'),
    throttled: counters.counter('smpp.rejects.throttled'),
    rateThrottled: counters.counter('smpp.rejects.rate'),
    rateDelayed: counters.counter('smpp.delayed.rate'),
  };
}
