import { statSync } from 'node:fs';
import type { Logger } from './logger';

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** A warning for each file that other users of this machine may read (secrets) or write (lists of who is let in). Files that are away are not looked at. */
export function warnOfExposure(logger: Logger, files: readonly (string | undefined)[], what: 'read' | 'write'): void {
  const bits = what === 'read' ? OTHERS_READ : OTHERS_WRITE;
  for (const file of files) {
    if (file === undefined || (modeOf(file) & bits) === 0) continue;
    logger.warn({ file }, `every user of this machine may ${what} this file; take that right away`);
  }
}

function modeOf(file: string): number {
  try {
    return statSync(file).mode;
  } catch {
    return 0;
  }
}
