import { readFileSync, readdirSync } from 'node:fs';

/** Resident memory of a process and of all that descend from it, MB; Linux only. */
export function residentMb(pid: number): number {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const text = readOrNothing(`/proc/${entry}/stat`);
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(Number(entry), parent);
  }
  const isOurs = (one: number): boolean => one === pid || (one > 1 && isOurs(parents.get(one) ?? 0));
  const own = [...parents.keys()].filter(isOurs);
  return own.reduce((sum, one) => sum + kilobytesOf(one), 0) / 1024;
}

function kilobytesOf(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** A process may end between two looks. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
