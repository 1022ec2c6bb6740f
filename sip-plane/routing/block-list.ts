import { HeaderKind, type MessageView } from '../message';

const LOOKED_AT = [HeaderKind.USER_AGENT, HeaderKind.TO, HeaderKind.FROM] as const;
const UPPER_A = 65;
const UPPER_Z = 90;

/** Texts that scanners show in User-Agent, To or From (guides: blocked-values); found in any case, anywhere in the value. */
export class BlockList {
  readonly #texts: readonly Buffer[];
  /** By byte: does a text begin with it? Most bytes end the search there. */
  readonly #begins = new Uint8Array(256);

  constructor(texts: readonly string[]) {
    this.#texts = texts.map((text) => Buffer.from(text.toLowerCase(), 'latin1'));
    for (const text of this.#texts) {
      const first = text[0] as number;
      this.#begins[first] = 1;
      if (first >= UPPER_A + 32 && first <= UPPER_Z + 32) this.#begins[first - 32] = 1;
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
    const begins = this.#begins;
    for (let at = start; at < end; at += 1) {
      if (begins[bytes[at] as number] === 1 && this.#at(bytes, at, end)) return true;
    }
    return false;
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
