import { TriplaneError } from '../../runtime/errors';
import type { CharSet } from './char-set';
import { parsePattern, type Piece } from './syntax';

export interface PatternOptions {
  /** True: the pattern must match the whole text; false: somewhere in it. */
  readonly whole: boolean;
}

const MAX_SOURCE = 256;
const MAX_STATES = 512;
/** Longer texts match nothing: no number, name or header value that operators write rules for is longer. */
const MAX_TEXT = 256;

/** One state: consumes a unit of `set`, or branches to both, or asks for the text's start or end, or is the match. */
interface State {
  readonly kind: 'unit' | 'branch' | 'start' | 'end' | 'match';
  readonly set: CharSet | undefined;
  next: number;
  other: number;
}

/**
 * A regular expression of an operator, matched by simulating all its states at once: the time is at most states × units
 * (512 × 256), whatever the pattern, so none can stall a plane. Syntax: literals, `.`, `[…]`, `\d \w \s`, `( )`, `|`, `* + ? {n,m}`,
 * `^`, `$`; no back references, no lookaround. Case counts.
 */
export class LinearPattern {
  readonly source: string;
  readonly #whole: boolean;
  readonly #states: State[] = [];
  readonly #start: number;
  #current: Int32Array;
  #upcoming: Int32Array;
  readonly #seen: Int32Array;
  readonly #stack: Int32Array;
  #mark = 0;

  /** Throws ALGORITHM_PARAMETER when the pattern is not understood or too large; `what` names it in the message. */
  constructor(what: string, source: string, { whole }: PatternOptions) {
    this.source = source;
    this.#whole = whole;
    if (source === '' || source.length > MAX_SOURCE)
      throw bad(what, `1-${MAX_SOURCE} characters, got ${source.length}`);
    const parsed = parsePattern(source);
    if ('fault' in parsed) throw bad(what, `a pattern, got ${source}: ${parsed.fault}`);
    const match = this.#add({ kind: 'match', set: undefined, next: -1, other: -1 });
    this.#start = this.#build(parsed.piece, match, what);
    const size = this.#states.length;
    this.#current = new Int32Array(size);
    this.#upcoming = new Int32Array(size);
    this.#seen = new Int32Array(size);
    this.#stack = new Int32Array(2 * size + 2);
  }

  test(text: string): boolean {
    if (text.length > MAX_TEXT) return false;
    let count = 0;
    for (let at = 0; at <= text.length; at += 1) {
      // Those reached at this place come first; a search also begins anew at each place.
      if (at === 0) this.#mark += 1;
      if (at === 0 || !this.#whole) count = this.#follow(this.#start, text, at, this.#current, count);
      if (this.#matched(this.#current, count) && (!this.#whole || at === text.length)) return true;
      if (at === text.length || (count === 0 && this.#whole)) return false;
      count = this.#step(text, at, count);
    }
    return false;
  }

  #matched(states: Int32Array, count: number): boolean {
    for (let i = 0; i < count; i += 1) if (states[i] === 0) return true;
    return false;
  }

  #step(text: string, at: number, count: number): number {
    const unit = text.charCodeAt(at);
    this.#mark += 1;
    let reached = 0;
    for (let i = 0; i < count; i += 1) {
      const state = this.#states[this.#current[i] as number] as State;
      if (state.kind === 'unit' && state.set?.has(unit) === true) {
        reached = this.#follow(state.next, text, at + 1, this.#upcoming, reached);
      }
    }
    [this.#current, this.#upcoming] = [this.#upcoming, this.#current];
    return reached;
  }

  /** Adds a state and all that it reaches without consuming; the new length of the list. */
  #follow(first: number, text: string, at: number, list: Int32Array, length: number): number {
    const stack = this.#stack;
    let depth = 0;
    let count = length;
    stack[depth++] = first;
    while (depth > 0) {
      const id = stack[--depth] as number;
      if (this.#seen[id] === this.#mark) continue;
      this.#seen[id] = this.#mark;
      const state = this.#states[id] as State;
      if (state.kind === 'unit' || state.kind === 'match') list[count++] = id;
      else if (state.kind === 'branch') {
        stack[depth++] = state.other;
        stack[depth++] = state.next;
      } else if (at === (state.kind === 'start' ? 0 : text.length)) stack[depth++] = state.next;
    }
    return count;
  }

  /** Builds the states of a piece in front of `next`; its first state. */
  #build(piece: Piece, next: number, what: string): number {
    if (this.#states.length > MAX_STATES) throw bad(what, `a smaller pattern, got ${this.source}`);
    switch (piece.kind) {
      case 'set':
        return this.#add({ kind: 'unit', set: piece.set, next, other: -1 });
      case 'start':
      case 'end':
        return this.#add({ kind: piece.kind, set: undefined, next, other: -1 });
      case 'sequence':
        return piece.pieces.reduceRight((after, part) => this.#build(part, after, what), next);
      case 'choice':
        return piece.branches
          .map((branch) => this.#build(branch, next, what))
          .reduce((first, second) => this.#add({ kind: 'branch', set: undefined, next: first, other: second }));
      case 'repeat':
        return this.#repeat(piece, next, what);
    }
  }

  #repeat({ piece, min, max }: Extract<Piece, { kind: 'repeat' }>, next: number, what: string): number {
    let first = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: State = { kind: 'branch', set: undefined, next: -1, other: next };
      first = this.#add(loop);
      loop.next = this.#build(piece, first, what);
    } else {
      for (let i = min; i < max; i += 1) {
        const inner = this.#build(piece, first, what);
        first = this.#add({ kind: 'branch', set: undefined, next: inner, other: next });
      }
    }
    for (let i = 0; i < min; i += 1) first = this.#build(piece, first, what);
    return first;
  }

  #add(state: State): number {
    if (this.#states.length > 2 * MAX_STATES) throw bad('pattern', `a smaller pattern, got ${this.source}`);
    return this.#states.push(state) - 1;
  }
}

function bad(what: string, expected: string): TriplaneError {
  return new TriplaneError('ALGORITHM_PARAMETER', `${what}: expected ${expected}`);
}
