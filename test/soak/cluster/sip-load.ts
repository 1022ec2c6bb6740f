import { CallLoad } from '../sip-churn/call-load';
import type { Failure, Load } from './load';

/** Calls of INVITE, INFO and BYE through one SIP plane. */
export class SipLoad implements Load {
  readonly plane: string;
  readonly #calls: CallLoad;

  constructor(plane: string, address: string, callsPerSecond: number, callMs: number) {
    this.plane = plane;
    this.#calls = new CallLoad({ planes: [address], callsPerSecond, callMs });
  }

  get sent(): number {
    return this.#calls.calls.length;
  }

  get failures(): readonly Failure[] {
    return this.#calls.calls.flatMap(({ up, lost, startedAtMs }) =>
      up && lost.length === 0 ? [] : [{ atMs: startedAtMs, what: up ? lost.join(', ') : 'INVITE unanswered' }],
    );
  }

  start(): Promise<void> {
    return this.#calls.start();
  }

  stop(): Promise<void> {
    return this.#calls.stop();
  }
}
