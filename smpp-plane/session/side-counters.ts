import type { Counter, Counters } from '../../runtime/counters';
import { commandNames } from '../wire';

/** What is counted of everything that leaves in one direction: `toServer` is what SMSCs get, `toClient` what ESMEs get. */
export interface SideCounters {
  /** By index of the command. */
  readonly requests: readonly Counter[];
  /** By index of the request's command. */
  readonly responses: readonly Counter[];
  readonly bytes: Counter;
}

/** What goes wrong, counted by reason. */
export interface TroubleCounters {
  /** Requests answered for a peer that did not, after the response time. */
  readonly responseTimeouts: Counter;
  /** Answers to requests that are not outstanding (any more). */
  readonly lateAnswers: Counter;
  /** Answers whose command is not that of the request. */
  readonly mismatchedAnswers: Counter;
  readonly badLength: Counter;
  /** Connections that answered nothing to enquire_link. */
  readonly silent: Counter;
}

/** The counters of one direction. */
export function sideCounters(counters: Counters, side: 'toServer' | 'toClient'): SideCounters {
  return {
    requests: commandNames.map((name) => counters.counter(`smpp.${side}.requests.${name}`)),
    responses: commandNames.map((name) => counters.counter(`smpp.${side}.responses.${name}`)),
    bytes: counters.counter(`smpp.${side}.bytes`),
  };
}

export function troubleCounters(counters: Counters): TroubleCounters {
  return {
    responseTimeouts: counters.counter('smpp.timeouts.response'),
    lateAnswers: counters.counter('smpp.lateAnswers'),
    mismatchedAnswers: counters.counter('smpp.rejects.mismatchedAnswer'),
    badLength: counters.counter('smpp.rejects.badLength'),
    silent: counters.counter('smpp.timeouts.enquireLink'),
  };
}
