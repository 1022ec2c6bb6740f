import { closest } from 'fastest-levenshtein';
import { configSchema, describeKeys, type KeyDescription } from '../../runtime/config';
import { TriplaneError } from '../../runtime/errors';
import type { Globals } from '../globals';
import { configurationDoc } from './configuration-doc';
import { printJson, printText } from '../output';

export interface ExplainOptions {
  /** Undefined: all. Case does not matter. */
  readonly key?: string;
  /** As docs/configuration.md has it. */
  readonly markdown?: boolean;
}

/** `triplane config explain [KEY]`: one key, all below a key, or all. */
export async function explainConfig({ json }: Globals, { key, markdown = false }: ExplainOptions): Promise<void> {
  const found = keysBelow(describeKeys(configSchema), key);
  if (json) printJson({ keys: found.map(viewOf) });
  else printText(markdown ? configurationDoc(found) : found.map(textOf).join('\n\n'));
}

function keysBelow(all: readonly KeyDescription[], wanted: string | undefined): readonly KeyDescription[] {
  if (wanted === undefined) return all;
  const lower = wanted.toLowerCase();
  const found = all.filter(({ key }) => key.toLowerCase() === lower || key.toLowerCase().startsWith(`${lower}.`));
  if (found.length > 0) return found;
  const nearest = closest(wanted, [...new Set(all.flatMap(({ key }) => withSections(key)))]);
  throw new TriplaneError('CONFIG_UNKNOWN_KEY', `unknown key ${wanted}; did you mean ${nearest}?`, {
    details: { key: wanted },
  });
}

/** `a.b.c`, `a.b` and `a`. */
function withSections(key: string): string[] {
  const parts = key.split('.');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('.'));
}

function viewOf({ key, meaning, fallback }: KeyDescription): unknown {
  return { key, meaning, default: fallback === undefined ? null : (JSON.parse(fallback) as unknown) };
}

function textOf({ key, meaning, fallback }: KeyDescription): string {
  return `${key}\n  ${meaning}\n  default: ${fallback ?? 'none'}`;
}
