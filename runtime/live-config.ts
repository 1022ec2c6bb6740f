import type { Config } from './config';
import { messageOf } from './errors';
import type { Logger } from './logger';
import { onReloadSignal } from './reload-signal';

export interface LiveConfigOptions {
  /** What the process runs with. */
  readonly config: Config;
  /** Reads the same sources again. May throw. */
  readonly read: () => Config;
  readonly logger: Logger;
}

interface Follower {
  readonly keys: readonly string[];
  readonly apply: (config: Config) => void;
}

type Tree = Readonly<Record<string, unknown>>;

/**
 * The configuration of a running process, read again at SIGHUP. Who follows a key takes its new value over; of other keys that changed it
 * is said that they need a restart. A file that cannot be read or is wrong changes nothing, and one line says why.
 */
export class LiveConfig {
  readonly #options: LiveConfigOptions;
  readonly #followers = new Set<Follower>();
  readonly #unfollow: () => void;
  #inForce: Config;

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#inForce = options.config;
    this.#unfollow = onReloadSignal(() => this.reload());
  }

  /** Has `apply` called when one of these keys (`smpp.remoteServers`) or what is below it changed, until the returned function is called. */
  follow(keys: readonly string[], apply: (config: Config) => void): () => void {
    const follower = { keys, apply };
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Reads now. */
  reload(): void {
    const { logger } = this.#options;
    let next: Config;
    try {
      next = this.#options.read();
    } catch (error) {
      logger.error({ reason: messageOf(error) }, 'the configuration is not taken over');
      return;
    }
    const changed = changedKeys(this.#inForce, next);
    const followed = new Set<string>();
    for (const { keys, apply } of this.#followers) {
      const mine = changed.filter((key) => keys.some((one) => key === one || key.startsWith(`${one}.`)));
      if (mine.length === 0) continue;
      apply(next);
      for (const key of mine) followed.add(key);
    }
    this.#inForce = withValues(this.#inForce, next, followed);
    const rest = changed.filter((key) => !followed.has(key));
    if (followed.size > 0) logger.info({ keys: [...followed] }, 'new values from the configuration are in force');
    if (rest.length > 0) logger.warn({ keys: rest }, 'changed in the configuration, but needs a restart');
  }

  close(): void {
    this.#unfollow();
  }
}

/** Paths of the leaves that differ; lists are leaves. */
function changedKeys(before: unknown, after: unknown, path = ''): string[] {
  if (!isTree(before) || !isTree(after)) return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedKeys(before[key], after[key], path === '' ? key : `${path}.${key}`));
}

/** A copy of `config` with the values that `from` has at these paths. */
function withValues(config: Config, from: Config, paths: ReadonlySet<string>): Config {
  const copy = structuredClone(config);
  for (const path of paths) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    const place = keys.reduce<unknown>((tree, key) => (tree as Tree)[key], copy) as Record<string, unknown>;
    place[last] = keys.concat(last).reduce<unknown>((tree, key) => (tree as Tree | undefined)?.[key], from);
  }
  return copy;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
