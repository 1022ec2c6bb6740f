/** Patterns that operators write, matched in linear time. */
export { LinearPattern, type PatternOptions } from './linear-pattern';
