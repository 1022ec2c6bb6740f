import { HintKey, StoredValue } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { SETTINGS_KEY, StoreUnavailable, settingsOf, type Store } from '../store';

export interface HintKeyRotationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  /** How long a key signs, ms; 0: for ever. */
  readonly everyMs: number;
  /** 32 random bytes. */
  readonly newSecret: () => Buffer;
}

/** Planes have so long to learn a key before one of them signs with it. */
export const PREPARE_MS = 60_000;

const FIRST_ID = 'a'.charCodeAt(0);
const IDS = 26;

/** The key that planes sign node hints with when a store is new. */
export function firstHintKey(newSecret: () => Buffer): HintKey {
  return HintKey.create({ keyId: String.fromCharCode(FIRST_ID), secret: newSecret() });
}

/**
 * Changes the key that signs node hints. The first key of the settings signs, all verify, and there are never more than two:
 * `[current, next]` while planes learn the next one, then `[next, current]` until the next change, so that calls outlive their key.
 * Ids follow each other, so any control plane sees from the two keys what is under way and can finish it; compare-and-set lets one win.
 */
export class HintKeyRotation {
  readonly #options: HintKeyRotationOptions;
  #seen = '';
  #seenAtMs = 0;
  #busy = false;

  constructor(options: HintKeyRotationOptions) {
    this.#options = options;
  }

  /** Call now and then; changes the keys when it is time. Never rejects. */
  async check(): Promise<void> {
    const { everyMs, logger } = this.#options;
    if (everyMs === 0 || this.#busy) return;
    this.#busy = true;
    try {
      await this.#step();
    } catch (error) {
      if (error instanceof StoreUnavailable) logger.debug({ err: error }, 'keys of hints not changed now');
      else logger.error({ err: error }, 'a bug: keys of hints not changed');
    } finally {
      this.#busy = false;
    }
  }

  async #step(): Promise<void> {
    const { store, clock, logger, counters, everyMs } = this.#options;
    const entry = store.get(SETTINGS_KEY);
    const settings = settingsOf(entry?.value);
    const [first, second] = settings?.hintKeys ?? [];
    if (entry === undefined || settings === undefined || first === undefined) return;
    const preparing = second?.keyId === idAfter(first.keyId);
    if (this.#unchangedMs(clock.now(), [first, second]) < (preparing ? PREPARE_MS : everyMs)) return;
    const hintKeys = preparing && second !== undefined ? [second, first] : [first, this.#newKey(first)];
    const value = StoredValue.create({ content: { $case: 'settings', value: { ...settings, hintKeys } } });
    if ((await store.compareAndSet(SETTINGS_KEY, value, entry.index)) === undefined) return;
    this.#unchangedMs(clock.now(), hintKeys);
    if (!preparing) return;
    counters.counter('control.hintKeys.rotated').value += 1;
    logger.info({ keyId: hintKeys[0]?.keyId }, 'planes sign node hints with a new key');
  }

  #newKey({ keyId }: HintKey): HintKey {
    return HintKey.create({ keyId: idAfter(keyId), secret: this.#options.newSecret() });
  }

  /** How long the keys have been as they are, as far as this control plane has seen. */
  #unchangedMs(now: number, keys: readonly (HintKey | undefined)[]): number {
    const mark = keys.map((key) => (key === undefined ? '' : key.keyId + key.secret.toString('hex'))).join(' ');
    if (mark !== this.#seen) {
      this.#seen = mark;
      this.#seenAtMs = now;
    }
    return now - this.#seenAtMs;
  }
}

/** `a` to `z`, then `a` again. */
function idAfter(keyId: string): string {
  const place = (keyId.charCodeAt(0) - FIRST_ID + 1) % IDS;
  return String.fromCharCode(FIRST_ID + place);
}
