import { appendFileSync, writeFileSync } from 'node:fs';
import { TriplaneError, messageOf } from '../../runtime/errors';
import { grantFrom, newToken, tokenLine } from '../../runtime/identity';
import type { Globals } from '../globals';
import { printJson, printText } from '../output';

export interface MakeTokenOptions {
  readonly role: string;
  /** An id, or the beginning of ids and `*`. */
  readonly id: string;
  /** The token is written to this new file, which only its owner can read, and not shown. */
  readonly write?: string;
  /** The line is added to this tokens file, and not shown. */
  readonly append?: string;
}

/** `triplane token ROLE ID`: a new token for a caller, and the line by which control planes know it. USAGE, TOKEN_FILE. */
export async function makeToken({ json }: Globals, { role, id, write, append }: MakeTokenOptions): Promise<void> {
  const token = newToken();
  const line = tokenLine(token, grantFrom(role, id));
  if (write !== undefined) {
    attempt(write, () => writeFileSync(write, `${token}\n`, { mode: 0o600, flag: 'wx' }));
  }
  if (append !== undefined) {
    attempt(append, () => appendFileSync(append, `${line}\n`, { mode: 0o600 }));
  }
  const shown = { ...(write === undefined ? { token } : {}), ...(append === undefined ? { line } : {}) };
  if (json) printJson(shown);
  else printText(textOf(shown, { write, append }));
}

function attempt(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new TriplaneError('TOKEN_FILE', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

interface Shown {
  readonly token?: string;
  readonly line?: string;
}

function textOf({ token, line }: Shown, { write, append }: Places): string {
  return [
    token === undefined ? `token written to ${write}` : `token, for the first line of cluster.tokenFile:\n  ${token}`,
    line === undefined ? `line added to ${append}` : `line, for control.auth.tokensFile:\n  ${line}`,
  ].join('\n');
}

interface Places {
  readonly write: string | undefined;
  readonly append: string | undefined;
}
