import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** What the generator prints. */
export interface Load {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly inviteBytes: number;
}

/** Compiles generator.c of the current folder's checkout; the path of the program. Throws when it is run from elsewhere. */
export function compileGenerator(): string {
  const root = process.cwd();
  const source = path.join(root, 'test', 'bench', 'sip', 'generator.c');
  if (!existsSync(source)) throw new Error(`run from the repository: ${source} is not there`);
  const folder = path.join(root, '.cache', 'bench');
  mkdirSync(folder, { recursive: true });
  const binary = path.join(folder, 'sip-generator');
  execFileSync('cc', ['-O2', '-o', binary, source]);
  return binary;
}
