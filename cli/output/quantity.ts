/** A count with groups of three digits: 12 345. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A time that has passed, from milliseconds: `now`, `1.2 s ago`, `3 min ago`. */
export function ago(ms: number | undefined): string {
  if (ms === undefined) return 'never';
  if (ms < 100) return 'now';
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s ago`;
  return `${Math.round(ms / 60_000)} min ago`;
}

/** `1 node`, `2 nodes`. */
export function quantity(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
