import { configSchema } from '../schema';
import { describeKeys } from '../walk';

/** A key of the predecessor that triplane.yaml has no place for. */
export interface LeftOver {
  readonly key: string;
  /** Never shown for passwords. */
  readonly value: string;
  readonly reason: string;
}

type Tree = Record<string, unknown>;

/** A conversion under way: what was read, what of it is dealt with, and what came of it. */
export class Draft {
  readonly entries: ReadonlyMap<string, string>;
  readonly tree: Tree = {};
  readonly leftOvers: LeftOver[] = [];
  readonly #taken = new Set<string>();
  readonly #known = new Set(describeKeys(configSchema).map(({ key }) => key));

  constructor(entries: ReadonlyMap<string, string>) {
    this.entries = entries;
  }

  /** The value of a key, which is thereby dealt with. */
  take(key: string): string | undefined {
    this.#taken.add(key);
    return this.entries.get(key);
  }

  /** What nobody took yet. */
  get rest(): [string, string][] {
    return [...this.entries].filter(([key]) => !this.#taken.has(key));
  }

  /** Whether triplane.yaml has the key in this version. */
  knows(target: string): boolean {
    return this.#known.has(target);
  }

  leave(key: string, value: string, reason: string): void {
    this.leftOvers.push({ key, value: /password|secret/i.test(key) ? '...' : value, reason });
  }

  /** What stands at a path of triplane.yaml so far. */
  at(path: string): unknown {
    return path.split('.').reduce<unknown>((place, key) => (place as Tree | null | undefined)?.[key], this.tree);
  }

  put(path: string, value: unknown): void {
    const keys = path.split('.');
    let place = this.tree;
    for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Tree;
    place[keys.at(-1) ?? ''] = value;
  }
}
