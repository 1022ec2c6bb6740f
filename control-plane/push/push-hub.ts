import type { Hello, PlaneStatus, Revision } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import type { Logger } from '../../runtime/logger';
import { Refusal, isName } from '../registry';
import type { Commit, Store } from '../store';
import { ChangeRing } from './change-ring';
import { PlaneDirectory } from './plane-directory';
import { Subscription, type SubscriptionOptions } from './subscription';

export interface PushHubOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A plane that holds the state of another lineage gets nothing for this long after the start, while nodes return. */
  readonly startGraceMs: number;
}

/** What a stream gives for its plane. */
export type Wiring = Pick<SubscriptionOptions, 'send' | 'onSilent'> & {
  /** Another stream has taken over for this plane id. */
  readonly onReplaced: () => void;
  /** The store began anew: the plane must subscribe again. */
  readonly onNewLineage: () => void;
};

interface Seat {
  readonly subscription: Subscription;
  readonly wiring: Wiring;
  gate: Timer | undefined;
}

/** All subscriptions: hands each commit to them, and each new plane what it lacks. */
export class PushHub {
  readonly planes: PlaneDirectory;
  readonly #options: PushHubOptions;
  #ring: ChangeRing;
  readonly #seats = new Map<string, Seat>();
  readonly #openAtMs: number;

  constructor(options: PushHubOptions) {
    this.#options = options;
    this.planes = new PlaneDirectory(options.clock);
    this.#ring = new ChangeRing(options.store.index);
    this.#openAtMs = options.clock.now() + options.startGraceMs;
    options.store.watch((commits) => this.#tell(commits));
    options.store.onNewLineage(() => this.#beginAnew());
  }

  get revision(): Revision {
    return { lineage: this.#options.store.lineage, index: this.#options.store.index };
  }

  statuses(): PlaneStatus[] {
    return this.planes.list();
  }

  /** A plane has come. Throws Refusal INVALID, TOO_MANY_PLANES. The first response goes out before this returns, or when the start gate opens. */
  subscribe(hello: Hello, wiring: Wiring): Subscription {
    if (!isName(hello.planeId)) {
      throw new Refusal('INVALID', 'hello.plane_id: expected 1-64 characters of A-Z a-z 0-9 . _ -', {
        field: 'hello.plane_id',
      });
    }
    if (!this.planes.hasRoom(hello.planeId)) throw new Refusal('TOO_MANY_PLANES', 'there are 1000 planes already');
    this.#replace(hello);
    const { store, clock } = this.#options;
    const subscription = new Subscription({ store, clock, planes: this.planes, hello, ...wiring });
    const seat: Seat = { subscription, wiring, gate: undefined };
    this.#seats.set(hello.planeId, seat);
    const waitMs = this.#gateMs(hello);
    if (waitMs > 0) seat.gate = clock.after(waitMs, () => this.#start(seat));
    else this.#start(seat);
    this.#options.logger.info({ plane: hello.planeId, protocol: hello.protocol, waitMs }, 'plane subscribed');
    return subscription;
  }

  /** The plane's stream is over. */
  leave(subscription: Subscription): void {
    const { planeId } = subscription.hello;
    const seat = this.#seats.get(planeId);
    subscription.close();
    if (seat?.subscription !== subscription) return;
    seat.gate?.cancel();
    this.#seats.delete(planeId);
    this.#options.logger.info({ plane: planeId }, 'plane left');
  }

  #replace({ planeId, incarnation }: Hello): void {
    const old = this.#seats.get(planeId);
    if (old === undefined) return;
    if (old.subscription.hello.incarnation !== incarnation) {
      this.#options.logger.warn({ plane: planeId }, 'another process has taken this plane id; the older stream ends');
    }
    this.leave(old.subscription);
    old.wiring.onReplaced();
  }

  /** A plane without any state is better off with a part of it at once; one that holds all of it loses nothing by waiting. */
  #gateMs({ resumeFrom }: Hello): number {
    if (resumeFrom === undefined || resumeFrom.lineage === this.#options.store.lineage) return 0;
    return this.#openAtMs - this.#options.clock.now();
  }

  #start({ subscription }: Seat): void {
    const { resumeFrom } = subscription.hello;
    const { lineage, index } = this.#options.store;
    const resumable = resumeFrom !== undefined && resumeFrom.lineage === lineage && resumeFrom.index <= index;
    subscription.start(resumable ? this.#ring.since(resumeFrom.index) : undefined);
  }

  /** Nothing that planes hold can be built upon: they come again and get a snapshot. */
  #beginAnew(): void {
    this.#ring = new ChangeRing(this.#options.store.index);
    for (const { subscription, wiring } of this.#seats.values()) {
      this.leave(subscription);
      wiring.onNewLineage();
    }
  }

  #tell(commits: readonly Commit[]): void {
    for (const commit of commits) this.#ring.add(commit);
    for (const { subscription } of this.#seats.values()) subscription.changed(commits);
  }
}
