import { TriplaneError } from '../runtime/errors';

/** Parameters of a routing config as the control plane sends them. */
export type Parameters = ReadonlyMap<string, string>;

/** A whole number. Throws ALGORITHM_PARAMETER when it is none or out of range. */
export function integerParameter(
  parameters: Parameters,
  name: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw badParameter(name, `a whole number from ${min} to ${max}`, text);
}

/** `true` or `false`. Throws ALGORITHM_PARAMETER for anything else. */
export function flagParameter(parameters: Parameters, name: string, fallback: boolean): boolean {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  if (text === 'true' || text === 'false') return text === 'true';
  throw badParameter(name, 'true or false', text);
}

/** The error for a value that a parameter does not take. */
export function badParameter(name: string, expected: string, got: string): TriplaneError {
  return new TriplaneError('ALGORITHM_PARAMETER', `${name}: expected ${expected}, got ${got}`);
}
