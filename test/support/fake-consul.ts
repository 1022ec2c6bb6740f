import type { CatalogAnswer, ConsulClient, KvAnswer, KvItem, ServiceRegistration } from '../../runtime/consul';

/** Consul's key-value store and catalog in memory, with its ways of failing. Held to the real one by a common suite. */
export class FakeConsul {
  /** Calls fail as when no agent listens. */
  down = false;
  /** What it says when it is down. */
  reason = 'connect ECONNREFUSED';
  /** The token has lost its rights: reads answer an empty list, writes are refused. */
  powerless = false;
  readonly services = new Map<string, ServiceRegistration>();
  catalogReads = 0;
  /** Of instances, by their id. */
  readonly tags = new Map<string, readonly string[]>();
  /** Registered, and their check fails. */
  readonly critical = new Set<string>();
  #index = 10;
  #items = new Map<string, KvItem>();
  readonly #waiting = new Set<() => void>();

  /** A client of it, as each process has its own. */
  client(): ConsulClient {
    const own = new Set<() => void>();
    return {
      readAll: (prefix, index, waitMs) => this.#read(prefix, index, waitMs, own),
      put: async (key, value, index) => {
        this.#mayWrite();
        if ((this.#items.get(key)?.modifyIndex ?? 0) !== index) return false;
        this.#set(key, value);
        this.wake();
        return true;
      },
      deleteAndPut: async (key, index, other, value) => {
        this.#mayWrite();
        if (this.#items.get(key)?.modifyIndex !== index) return false;
        this.#items.delete(key);
        this.#set(other, value);
        this.wake();
        return true;
      },
      register: async (service) => {
        this.#mayAnswer();
        this.services.set(service.id, service);
        this.#changed();
      },
      deregister: async (id) => {
        this.#mayAnswer();
        this.services.delete(id);
        this.#changed();
      },
      isRegistered: async (id) => {
        this.#mayAnswer();
        return this.services.has(id);
      },
      instances: async (name, index, waitMs) => {
        this.catalogReads += 1;
        await this.#change(index, waitMs, own);
        return this.#catalog(name);
      },
      close: () => {
        for (const wake of own) wake();
      },
    };
  }

  /** Everything is gone, and the index begins anew. */
  wipe(): void {
    this.#items.clear();
    this.#index = 1;
    this.wake();
  }

  /** What is kept now, to go back to. */
  backup(): () => void {
    const items = new Map(this.#items);
    const index = this.#index;
    return () => {
      this.#items = new Map(items);
      this.#index = index;
      this.wake();
    };
  }

  keys(): string[] {
    return [...this.#items.keys()].sort();
  }

  /** Ends all waits, as a broken connection does. */
  cut(): void {
    this.down = true;
    this.wake();
  }

  /** An instance's check fails, or passes again. */
  setWell(id: string, well: boolean): void {
    if (well) this.critical.delete(id);
    else this.critical.add(id);
    this.#changed();
  }

  async #read(prefix: string, index: number, waitMs: number, own: Set<() => void>): Promise<KvAnswer> {
    await this.#change(index, waitMs, own);
    const items = [...this.#items.values()].filter(({ key }) => key.startsWith(prefix));
    return { index: this.#index, items: this.powerless ? [] : items };
  }

  #catalog(name: string): CatalogAnswer {
    const found = this.powerless ? [] : [...this.services.values()].filter((service) => service.name === name);
    const instances = found.map(({ id, host, port, meta }) => {
      const place = { id, agent: 'agent1', host, port, tags: this.tags.get(id) ?? [] };
      return { ...place, meta, well: !this.critical.has(id) };
    });
    return { index: this.#index, instances };
  }

  /** Waits for the next change after that index; 0: not at all. */
  async #change(index: number, waitMs: number, own: Set<() => void>): Promise<void> {
    this.#mayAnswer();
    if (index > 0 && this.#index === index && !this.powerless) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(limit);
          this.#waiting.delete(wake);
          own.delete(wake);
          resolve();
        };
        const limit = setTimeout(wake, waitMs);
        limit.unref();
        this.#waiting.add(wake);
        own.add(wake);
      });
      this.#mayAnswer();
    }
  }

  #changed(): void {
    this.#index += 1;
    this.wake();
  }

  #set(key: string, value: string): void {
    this.#index += 1;
    this.#items.set(key, { key, value, modifyIndex: this.#index });
  }

  #mayAnswer(): void {
    if (this.down) throw new Error(this.reason);
  }

  #mayWrite(): void {
    this.#mayAnswer();
    if (this.powerless) throw new Error('forbidden');
  }

  /** All waits end, though nothing changed. */
  wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
