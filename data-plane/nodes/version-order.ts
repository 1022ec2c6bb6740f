/**
 * Orders versions of nodes: numbers by value, part by part (1.9 < 1.10); a missing part is older than a number and newer than a word
 * (2.0-rc1 < 2.0 < 2.0.1); no version at all is the oldest. A leading v does not count.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = compareParts(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  return version === '' ? [] : version.replace(/^v(?=\d)/i, '').split(/[._+-]/);
}

function compareParts(a: string | undefined, b: string | undefined): number {
  const [rankA, rankB] = [rankOf(a), rankOf(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (a === b || a === undefined || b === undefined) return 0;
  if (rankA === RANK_NUMBER && Number(a) !== Number(b)) return Number(a) - Number(b);
  return a < b ? -1 : 1;
}

const RANK_NUMBER = 2;

function rankOf(part: string | undefined): number {
  if (part === undefined) return 1;
  return /^\d{1,15}$/.test(part) ? RANK_NUMBER : 0;
}
