const LENGTH = 34;

/**
 * The Restcomm instance id in `/restcomm/<version>/Accounts/<sid>/Calls/ID…-CA…`: the first 34 characters of the sixth segment,
 * when it has a dash. Undefined for other paths (predecessor: the segments are counted, the context path has any name).
 */
export function instanceIdOf(target: string): string | undefined {
  const accounts = target.indexOf('/Accounts/');
  if (accounts === -1 || slashesBefore(target, accounts) !== 2) return undefined;
  const sid = accounts + '/Accounts/'.length;
  const calls = target.indexOf('/', sid);
  if (calls === -1 || !target.startsWith('/Calls', calls)) return undefined;
  const start = target.indexOf('/', calls + 1) + 1;
  if (start === 0) return undefined;
  let end = start;
  while (end < target.length && target[end] !== '/' && target[end] !== '?' && target[end] !== ';') end += 1;
  const dash = target.indexOf('-', start);
  return dash === -1 || dash >= end || end - start < LENGTH ? undefined : target.slice(start, start + LENGTH);
}

function slashesBefore(target: string, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i += 1) if (target[i] === '/') count += 1;
  return count;
}
