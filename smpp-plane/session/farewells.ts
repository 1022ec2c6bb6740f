import type { Clock } from '../../runtime/clock';
import type { PduView } from '../wire';
import { Farewell, type FarewellOptions } from './farewell';
import type { PeerLink } from './peer-link';

/** The goodbyes that are under way in a session, by link. */
export class Farewells {
  readonly #clock: Clock;
  readonly #byLink = new Map<PeerLink, Farewell>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins one; it may be over before this returns. */
  bid(link: PeerLink, options: Omit<FarewellOptions, 'link' | 'nowMs'>): void {
    const nowMs = this.#clock.now();
    const farewell = new Farewell({ link, nowMs, ...options });
    this.#byLink.set(link, farewell);
    farewell.tick(nowMs);
  }

  /** The unbind_resp came (`answer`), or the link is lost. */
  finish(link: PeerLink, answer: PduView | undefined): void {
    this.#byLink.get(link)?.finish(answer);
  }

  /** The link's window is empty. */
  settled(link: PeerLink): void {
    this.#byLink.get(link)?.tick(this.#clock.now());
  }

  forget(link: PeerLink): void {
    this.#byLink.delete(link);
  }

  tick(nowMs: number): void {
    for (const farewell of this.#byLink.values()) farewell.tick(nowMs);
  }
}
