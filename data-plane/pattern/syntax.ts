import { CharSet } from './char-set';

/** What a pattern is made of. */
export type Piece =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'choice'; readonly branches: readonly Piece[] }
  /** `max` Infinity: no end. */
  | { readonly kind: 'repeat'; readonly piece: Piece; readonly min: number; readonly max: number };

const MAX_REPEAT = 64;
const MAX_DEPTH = 20;
const REPEATS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Number.POSITIVE_INFINITY],
  '+': [1, Number.POSITIVE_INFINITY],
  '?': [0, 1],
};

/** Reads a pattern; `fault` says what is wrong with it, for people. */
export function parsePattern(source: string): { readonly piece: Piece } | { readonly fault: string } {
  const parser = new Parser(source);
  const piece = parser.whole();
  return parser.fault === undefined ? { piece } : { fault: parser.fault };
}

/** Recursive descent over the source. After a fault it runs to the end without meaning. */
class Parser {
  fault: string | undefined;
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  whole(): Piece {
    const piece = this.#choice();
    if (this.#at < this.#source.length) this.#fail(`an unmatched ) at ${this.#at + 1}`);
    return piece;
  }

  #choice(): Piece {
    const branches = [this.#sequence()];
    while (this.#take('|')) branches.push(this.#sequence());
    return branches.length === 1 ? (branches[0] as Piece) : { kind: 'choice', branches };
  }

  #sequence(): Piece {
    const pieces: Piece[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek())) pieces.push(this.#repeated());
    return { kind: 'sequence', pieces };
  }

  #repeated(): Piece {
    const start = this.#at;
    const piece = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return piece;
    if (piece.kind === 'start' || piece.kind === 'end') this.#fail(`nothing to repeat at ${start + 1}`);
    // Lazy or not makes no difference to whether there is a match.
    this.#take('?');
    if ('*+?'.includes(this.#peek() || ' ')) this.#fail(`two repeats in a row at ${this.#at + 1}`);
    return { kind: 'repeat', piece, min: bounds[0], max: bounds[1] };
  }

  #bounds(): readonly [number, number] | undefined {
    const simple = REPEATS[this.#peek()];
    if (simple !== undefined) {
      this.#at += 1;
      return simple;
    }
    if (this.#peek() !== '{') return undefined;
    const [text, low = '', comma, high = ''] = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.#source.slice(this.#at)) ?? [];
    if (text === undefined) return this.#failBounds(`a { that begins no {n} or {n,m} at ${this.#at + 1}`);
    const min = Number(low);
    const max = comma === undefined ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high);
    this.#at += text.length;
    if (min > max || min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && max > MAX_REPEAT)) {
      return this.#failBounds(`${text}: bounds must rise and stay within ${MAX_REPEAT}`);
    }
    return [min, max];
  }

  #failBounds(fault: string): readonly [number, number] {
    this.#fail(fault);
    return [1, 1];
  }

  #atom(): Piece {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    switch (char) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '(':
        return this.#group();
      case '[':
        return { kind: 'set', set: this.#bracket() };
      case '.':
        return { kind: 'set', set: CharSet.any() };
      case '\\':
        return { kind: 'set', set: this.#escape() };
      case '*':
      case '+':
      case '?':
      case '{':
        this.#fail(`nothing to repeat at ${this.#at}`);
        break;
      default:
    }
    return { kind: 'set', set: CharSet.of(char) };
  }

  #group(): Piece {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail(`groups nested deeper than ${MAX_DEPTH}`);
    if (this.#take('?') && !this.#take(':')) this.#fail('lookaround, named groups and flags are not supported');
    const piece = this.#choice();
    if (!this.#take(')')) this.#fail('a ( that is not closed');
    this.#depth -= 1;
    return piece;
  }

  #escape(): CharSet {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    const named = CharSet.named(char);
    if (named !== undefined) return named;
    if (char === '' || /[A-Za-z0-9]/.test(char)) this.#fail(`\\${char} is not supported`);
    return CharSet.of(char);
  }

  #bracket(): CharSet {
    const set = new CharSet();
    const negated = this.#take('^');
    let first = true;
    while (this.#at < this.#source.length && (first || this.#peek() !== ']')) {
      first = false;
      const low = this.#member();
      const ranged = this.#peek() === '-' && (this.#source[this.#at + 1] ?? ']') !== ']';
      if (!ranged) {
        set.addAll(low);
        continue;
      }
      this.#at += 1;
      const high = this.#member();
      const [from, to] = [low.only, high.only];
      if (from === undefined || to === undefined || from > to) this.#fail('a range whose ends do not rise');
      else set.addRange(from, to);
    }
    if (!this.#take(']')) this.#fail('a [ that is not closed');
    return negated ? set.negated() : set;
  }

  #member(): CharSet {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    return char === '\\' ? this.#escape() : CharSet.of(char);
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  /** The first fault stays; the rest of the source is skipped. */
  #fail(fault: string): void {
    this.fault ??= fault;
    this.#at = this.#source.length;
  }
}
