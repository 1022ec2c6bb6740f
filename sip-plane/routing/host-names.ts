import { equalsLower, type UriView } from '../message';

const DOT = 46;

/** Host names that mean us in Route: whole names, and with `*.` in front every name below one. */
export class HostNames {
  readonly #whole: readonly Buffer[];
  /** With their dot in front. */
  readonly #above: readonly Buffer[];

  constructor(names: readonly string[] = []) {
    this.#whole = names.filter((name) => !name.startsWith('*')).map(lowerBytes);
    this.#above = names.filter((name) => name.startsWith('*')).map((name) => lowerBytes(name.slice(1)));
  }

  has(bytes: Buffer, { hostStart, hostEnd }: UriView): boolean {
    if (hostStart < 0) return false;
    for (let i = 0; i < this.#whole.length; i += 1) {
      if (equalsLower(bytes, hostStart, hostEnd, this.#whole[i] as Buffer)) return true;
    }
    for (let i = 0; i < this.#above.length; i += 1) {
      const name = this.#above[i] as Buffer;
      const start = hostEnd - name.length;
      if (start > hostStart && bytes[start] === DOT && equalsLower(bytes, start, hostEnd, name)) return true;
    }
    return false;
  }
}

const lowerBytes = (text: string): Buffer => Buffer.from(text.toLowerCase(), 'latin1');
