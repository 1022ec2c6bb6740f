import type { Random } from '../../runtime/random';
import type { Connection } from './connection';

/** Every open connection of the plane by its id, whatever listener it belongs to. */
export class ConnectionTable {
  readonly #random: Random;
  readonly #byId = new Map<number, Connection>();

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The open connection with that id, if it is still there. */
  byId(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  add(connection: Connection): void {
    this.#byId.set(connection.id, connection);
  }

  remove(connection: Connection): void {
    this.#byId.delete(connection.id);
  }

  /** 1 to 2^35 - 1: seven characters of base 32. Not to be guessed: who knows it may send there. */
  freeId(): number {
    for (;;) {
      const id = 1 + Math.floor(this.#random() * 0x7_ffff_fffe);
      if (!this.#byId.has(id)) return id;
    }
  }
}
