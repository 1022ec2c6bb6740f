import { lookup } from 'node:dns/promises';
import type { Clock } from '../../runtime/clock';

const GOOD_MS = 60_000;
const BAD_MS = 5000;
const MAX_NAMES = 1000;

interface Entry {
  /** '' while asked and after a failure. */
  address: string;
  asking: boolean;
  untilMs: number;
  waiting: (() => void)[];
}

/** How a name is turned into an IP address; injected by tests. Rejects when there is none. */
export type Resolve = (name: string) => Promise<string>;

/** The system's resolver. */
export const systemResolve: Resolve = async (name) => (await lookup(name)).address;

/**
 * IP addresses of host names that nodes send to. A look-up never holds a packet up: what needs it is parked and done again when the answer
 * is there. An address that was good is kept while the resolver fails. Bounded.
 */
export class NameCache {
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, resolve: Resolve = systemResolve) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** The address of a name; undefined: not known yet, ask `whenKnown`; '': it has none. */
  get(name: string): string | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (this.#clock.now() > entry.untilMs && !entry.asking) this.#ask(name, entry);
    return entry.asking && entry.address === '' ? undefined : entry.address;
  }

  /** Runs `task` once when the name is resolved or has failed; false: too many names are waited for. */
  whenKnown(name: string, task: () => void): boolean {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_NAMES) this.#forgetIdle();
      if (this.#entries.size >= MAX_NAMES) return false;
      entry = { address: '', asking: false, untilMs: 0, waiting: [] };
      this.#entries.set(name, entry);
    }
    if (entry.waiting.length >= 100) return false;
    entry.waiting.push(task);
    if (!entry.asking) this.#ask(name, entry);
    return true;
  }

  #ask(name: string, entry: Entry): void {
    entry.asking = true;
    this.#resolve(name).then(
      (address) => this.#answered(entry, address, GOOD_MS),
      () => this.#answered(entry, entry.address, BAD_MS),
    );
  }

  #answered(entry: Entry, address: string, forMs: number): void {
    entry.address = address;
    entry.asking = false;
    entry.untilMs = this.#clock.now() + forMs;
    for (const task of entry.waiting.splice(0)) task();
  }

  #forgetIdle(): void {
    const now = this.#clock.now();
    for (const [name, entry] of this.#entries) if (!entry.asking && now > entry.untilMs) this.#entries.delete(name);
  }
}
