const SIZE = 256;

/** A set of UTF-16 units: each below 256 by itself, all above together. */
export class CharSet {
  readonly #low = new Uint8Array(SIZE);
  #high = false;
  #members = 0;
  #last = -1;

  static any(): CharSet {
    return new CharSet().negated();
  }

  static of(char: string): CharSet {
    const set = new CharSet();
    const unit = char === '' ? 0 : char.charCodeAt(0);
    set.addRange(unit, unit);
    return set;
  }

  /** `\d`, `\w`, `\s` and their opposites, by their letter. */
  static named(letter: string): CharSet | undefined {
    const lower = letter.toLowerCase();
    const set = new CharSet();
    if (lower === 'd') set.addText('0123456789');
    else if (lower === 's') set.addText(' \t\r\n\f\v');
    else if (lower === 'w') {
      set.addText('0123456789_');
      set.addRange(0x41, 0x5a);
      set.addRange(0x61, 0x7a);
    } else return undefined;
    return letter === lower ? set : set.negated();
  }

  /** The one member, if there is just one. */
  get only(): number | undefined {
    return this.#members === 1 ? this.#last : undefined;
  }

  has(unit: number): boolean {
    return unit < SIZE ? this.#low[unit] === 1 : this.#high;
  }

  /** A range that reaches beyond 255 takes in all units there. */
  addRange(from: number, to: number): void {
    for (let unit = from; unit <= Math.min(to, SIZE - 1); unit += 1) {
      this.#low[unit] = 1;
      this.#last = unit;
      this.#members += 1;
    }
    if (to < SIZE) return;
    this.#high = true;
    this.#members += 2;
  }

  addText(text: string): void {
    for (let i = 0; i < text.length; i += 1) this.addRange(text.charCodeAt(i), text.charCodeAt(i));
  }

  addAll(other: CharSet): void {
    for (let unit = 0; unit < SIZE; unit += 1) if (other.has(unit)) this.addRange(unit, unit);
    if (other.has(SIZE)) this.#high = true;
  }

  negated(): CharSet {
    const set = new CharSet();
    for (let unit = 0; unit < SIZE; unit += 1) if (!this.has(unit)) set.addRange(unit, unit);
    set.#high = !this.#high;
    return set;
  }
}
