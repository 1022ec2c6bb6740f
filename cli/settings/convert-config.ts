import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { convertPredecessor, loadConfig, type LeftOver } from '../../runtime/config';
import { TriplaneError, messageOf } from '../../runtime/errors';
import type { Globals } from '../globals';
import { printJson, printText } from '../output';

/** `triplane config convert FILE`. The result is checked as the services would: CONFIG_INVALID names a value that they would not take. */
export async function convertConfig({ json }: Globals, file: string): Promise<void> {
  const { tree, leftOvers } = convertPredecessor(textOf(file), file);
  loadConfig({ set: assignmentsOf(tree) });
  if (json) {
    printJson({ config: tree, leftOvers });
    return;
  }
  const settings = Object.keys(tree).length === 0 ? '{}\n' : stringify(tree);
  printText(`# Made of ${file} by triplane config convert.\n${settings}${commentOf(leftOvers)}`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TriplaneError('CONFIG_FILE', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The top-level keys as `--set` would give them: JSON is YAML. */
function assignmentsOf(tree: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(tree).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

function commentOf(leftOvers: readonly LeftOver[]): string {
  if (leftOvers.length === 0) return '';
  const lines = leftOvers.map(({ key, value, reason }) => `#   ${key} = ${value}\n#     ${reason}`);
  return `\n# Without a counterpart:\n${lines.join('\n')}\n`;
}
