import type { Clock } from '../../runtime/clock';
import { locate, systemResolver, type Question, type Resolver, type Target } from './locate';

const GOOD_MS = 60_000;
const BAD_MS = 5000;
const MAX_NAMES = 1000;
const NONE: readonly Target[] = [];

interface Entry {
  /** Empty while asked and after a failure. */
  targets: readonly Target[];
  asking: boolean;
  untilMs: number;
  waiting: (() => void)[];
}

/**
 * Where the names lead that nodes send to. A look-up never holds a packet up: what needs it is parked and done again when the answer is
 * there. An answer that was good is kept while the resolver fails. Bounded.
 */
export class NameCache {
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, resolver: Resolver = systemResolver) {
    this.#clock = clock;
    this.#resolver = resolver;
  }

  /** The places that a name leads to; undefined: not known yet, ask `whenKnown`; empty: there are none. */
  get(question: Question): readonly Target[] | undefined {
    const entry = this.#entries.get(keyOf(question));
    if (entry === undefined) return undefined;
    if (this.#clock.now() > entry.untilMs && !entry.asking) this.#ask(question, entry);
    return entry.asking && entry.targets.length === 0 ? undefined : entry.targets;
  }

  /** Runs `task` once when the name is resolved or has failed; false: too many names are waited for. */
  whenKnown(question: Question, task: () => void): boolean {
    const key = keyOf(question);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_NAMES) this.#forgetIdle();
      if (this.#entries.size >= MAX_NAMES) return false;
      entry = { targets: NONE, asking: false, untilMs: 0, waiting: [] };
      this.#entries.set(key, entry);
    }
    if (entry.waiting.length >= 100) return false;
    entry.waiting.push(task);
    if (!entry.asking) this.#ask(question, entry);
    return true;
  }

  #ask(question: Question, entry: Entry): void {
    entry.asking = true;
    locate(this.#resolver, question).then(
      (targets) => this.#answered(entry, targets, GOOD_MS),
      () => this.#answered(entry, entry.targets, BAD_MS),
    );
  }

  #answered(entry: Entry, targets: readonly Target[], forMs: number): void {
    entry.targets = targets;
    entry.asking = false;
    entry.untilMs = this.#clock.now() + forMs;
    for (const task of entry.waiting.splice(0)) task();
  }

  #forgetIdle(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) if (!entry.asking && now > entry.untilMs) this.#entries.delete(key);
  }
}

const keyOf = ({ name, about, transport }: Question): string => `${about} ${transport} ${name}`;
