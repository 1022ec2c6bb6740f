import { InvalidArgumentError } from 'commander';

/** An option's parser for whole numbers of a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

export const portNumber = wholeNumber(1, 65_535);

/** Seconds, up to a day. */
export const seconds = wholeNumber(0, 86_400);

/** What stands after the host in a URL: no blanks, no line ends. */
export function urlPath(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a path that begins with /.');
}

/** Collects repeated `name=value` options. */
export function assignment(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected name=value.');
  return new Map(before).set(text.slice(0, at), text.slice(at + 1));
}
