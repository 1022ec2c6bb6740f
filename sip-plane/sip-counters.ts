import type { Counter, Counters } from '../runtime/counters';
import { StatusCounters } from '../runtime/status-counters';
import { METHOD_NAMES, REJECT_COUNT, rejectInfo } from './message';
import { DROP_NAMES, Drop } from './routing';
import type { Leg } from './transport';

const CUTS = ['too-many', 'source', 'idle', 'silent', 'partial', 'handshake', 'framing'];
const HANDSHAKES = ['tls', 'version', 'protocol', 'origin', 'header'];

/** What one leg received. */
export interface LegCounters {
  /** By method code. */
  readonly requests: readonly Counter[];
  readonly responses: StatusCounters;
}

/** The figures of the SIP plane, resolved once; names are listed in docs/statistics.md. */
export class SipCounters {
  readonly external: LegCounters;
  readonly internal: LegCounters;
  /** By reject code. */
  readonly rejects: readonly Counter[];
  /** By drop reason. */
  readonly drops: readonly Counter[];
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
  /** Messages sent: forwarded ones and our own answers. */
  readonly answers: Counter;
  readonly failovers: Counter;
  readonly heartbeats: Counter;
  /** Connections that we could not make. */
  readonly dialFailures: Counter;
  /** Datagrams of ours that ICMP said nobody takes. */
  readonly refusals: Counter;
  /** Datagrams that asked for their address by STUN. */
  readonly stun: Counter;
  readonly #cuts: ReadonlyMap<string, Counter>;
  readonly #handshakes: ReadonlyMap<string, Counter>;

  constructor(counters: Counters) {
    this.external = legCounters(counters, 'external');
    this.internal = legCounters(counters, 'internal');
    this.rejects = Array.from({ length: REJECT_COUNT }, (_, code) =>
      code === 0 ? { value: 0 } : counters.counter(`sip.rejects.${rejectInfo(code).name}`),
    );
    this.drops = DROP_NAMES.map((name, code) => (code === 0 ? { value: 0 } : counters.counter(`sip.drops.${name}`)));
    this.bytesIn = counters.counter('sip.bytes.in');
    this.bytesOut = counters.counter('sip.bytes.out');
    this.answers = counters.counter('sip.answers');
    this.failovers = counters.counter('sip.failovers');
    this.heartbeats = counters.counter('sip.heartbeats');
    this.dialFailures = counters.counter('sip.dialFailures');
    this.refusals = counters.counter('sip.refusals');
    this.stun = counters.counter('sip.stun');
    const named = (prefix: string, names: readonly string[]): ReadonlyMap<string, Counter> =>
      new Map(names.map((name) => [name, counters.counter(`${prefix}.${name}`)]));
    this.#cuts = named('sip.cuts', CUTS);
    this.#handshakes = named('sip.handshakes', HANDSHAKES);
  }

  leg(leg: Leg): LegCounters {
    return leg === 'external' ? this.external : this.internal;
  }

  /** A message was not read, because its source sends too many. */
  limited(): void {
    (this.drops[Drop.RATE] as Counter).value += 1;
  }

  /** A handshake of TLS or WebSocket failed, by name. */
  refused(name: string): void {
    const counter = this.#handshakes.get(name);
    if (counter !== undefined) counter.value += 1;
  }

  /** A connection was turned away or cut. */
  cut(reason: string): void {
    const counter = this.#cuts.get(reason);
    if (counter !== undefined) counter.value += 1;
  }
}

function legCounters(counters: Counters, leg: Leg): LegCounters {
  return {
    requests: METHOD_NAMES.map((name) => counters.counter(`sip.${leg}.requests.${name}`)),
    responses: new StatusCounters(counters, `sip.${leg}.responses`),
  };
}
