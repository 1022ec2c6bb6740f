import { HeaderKind, type MessageView } from '../message';

const LOOKED_AT = [HeaderKind.USER_AGENT, HeaderKind.TO, HeaderKind.FROM] as const;
const UPPER_A = 65;
const UPPER_Z = 90;

/** Texts that scanners show in User-Agent, To or From (guides: blocked-values); found in any case, anywhere in the value. */
export class BlockList {
  readonly #texts: readonly Buffer[];
  /** By the lowest five bits of two bytes, which are the same in both cases: may a text begin with them? Most pairs end the search there. */
  readonly #pairs = new Uint8Array(1024);
  /** Some text is a single byte, which may be the last one. */
  readonly #short: boolean;

  constructor(texts: readonly string[]) {
    this.#texts = texts.map((text) => Buffer.from(text.toLowerCase(), 'latin1'));
    this.#short = this.#texts.some(({ length }) => length === 1);
    for (const text of this.#texts) {
      const row = ((text[0] as number) & 31) << 5;
      if (text.length > 1) this.#pairs[row | ((text[1] as number) & 31)] = 1;
      else this.#pairs.fill(1, row, row + 32);
    }
  }

  has(view: MessageView): boolean {
    for (let k = 0; k < LOOKED_AT.length; k += 1) {
      for (let i = view.header(LOOKED_AT[k] as number); i >= 0; i = view.next(i)) {
        if (this.#within(view.bytes, view.valueStart(i), view.valueEnd(i))) return true;
      }
    }
    return false;
  }

  #within(bytes: Buffer, start: number, end: number): boolean {
    const pairs = this.#pairs;
    let row = start < end ? ((bytes[start] as number) & 31) << 5 : 0;
    for (let at = start + 1; at < end; at += 1) {
      const low = (bytes[at] as number) & 31;
      if (pairs[row | low] === 1 && this.#at(bytes, at - 1, end)) return true;
      row = low << 5;
    }
    return this.#short && start < end && this.#at(bytes, end - 1, end);
  }

  #at(bytes: Buffer, start: number, end: number): boolean {
    for (let i = 0; i < this.#texts.length; i += 1) {
      const text = this.#texts[i] as Buffer;
      if (start + text.length <= end && matches(bytes, start, text)) return true;
    }
    return false;
  }
}

function matches(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const byte = bytes[start + i] as number;
    const low = byte >= UPPER_A && byte <= UPPER_Z ? byte + 32 : byte;
    if (low !== text[i]) return false;
  }
  return true;
}
