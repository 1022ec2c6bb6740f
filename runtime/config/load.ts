import { readFileSync } from 'node:fs';
import { closest } from 'fastest-levenshtein';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { TriplaneError, messageOf } from '../errors';
import { convertPredecessor, isPredecessorFile } from './predecessor';
import { configSchema, type Config } from './schema';
import { canonicalPath, keysAt } from './walk';

export interface ConfigSources {
  /** Path of triplane.yaml, or of the predecessor's .properties or .xml; undefined: defaults and overrides only. */
  readonly file?: string | undefined;
  /** `sip.external.udpPort=5070`, from --set. They win over the environment. */
  readonly set?: readonly string[];
  /** TRIPLANE_SIP__EXTERNAL__UDPPORT=5070: `__` separates keys, case does not matter. They win over the file. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type Tree = Record<string, unknown>;

/** Reads, merges and validates; throws one TriplaneError that names the key, its place and the nearest known one. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const tree = sources.file === undefined ? {} : readTree(sources.file);
  const origin = new Map<string, string>();
  for (const [name, text] of Object.entries(sources.env ?? {})) applyEnvironment(tree, origin, name, text);
  for (const assignment of sources.set ?? []) applyAssignment(tree, origin, assignment);
  return validate(tree, (path) => origin.get(path) ?? sources.file ?? 'defaults');
}

function readTree(file: string): Tree {
  const text = readText(file);
  return isPredecessorFile(file) ? convertPredecessor(text, file).tree : parseYaml(text, file);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TriplaneError('CONFIG_FILE', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function parseYaml(text: string, file: string): Tree {
  const document = parseDocument(text, { prettyErrors: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = fault.linePos?.[0].line ?? 0;
    throw new TriplaneError('CONFIG_SYNTAX', `${file}:${line}: ${fault.message.split('\n')[0] ?? fault.code}`);
  }
  const tree: unknown = document.toJS();
  if (tree === null || tree === undefined) return {};
  if (!isTree(tree)) throw new TriplaneError('CONFIG_SYNTAX', `${file}: expected keys and values, got ${typeof tree}`);
  return tree;
}

const ENV_PREFIX = 'TRIPLANE_';

/** Variables with the prefix and a `__` are configuration; TRIPLANE_BIN and the like are not. */
function applyEnvironment(tree: Tree, origin: Map<string, string>, name: string, text: string | undefined): void {
  if (text === undefined || !name.startsWith(ENV_PREFIX) || !name.includes('__')) return;
  const path = canonicalPath(configSchema, name.slice(ENV_PREFIX.length).split('__'));
  assign(tree, path, text);
  origin.set(path.join('.'), `environment ${name}`);
}

function applyAssignment(tree: Tree, origin: Map<string, string>, assignment: string): void {
  const [, key, text] = /^([^=\s]+)=(.*)$/s.exec(assignment) ?? [];
  if (key === undefined || text === undefined) {
    throw new TriplaneError('USAGE', `--set expects key=value, such as sip.external.udpPort=5070, got ${assignment}`);
  }
  assign(tree, key.split('.'), text);
  origin.set(key, `--set ${key}`);
}

/** The text is read as YAML, so 5070 is a number and [a, b] a list. */
function assign(tree: Tree, path: readonly string[], text: string): void {
  let place = tree;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(place, key) ? place[key] : undefined;
    place = isTree(next) ? next : define(place, key, {});
  }
  define(place, path.at(-1) ?? '', parseDocument(text).toJS() as unknown);
}

function define<T>(place: Tree, key: string, value: T): T {
  Object.defineProperty(place, key, { value, enumerable: true, writable: true, configurable: true });
  return value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function validate(tree: Tree, originOf: (path: string) => string): Config {
  const result = configSchema.safeParse(tree);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw issue === undefined ? result.error : describe(issue, tree, originOf);
}

function describe(issue: z.core.$ZodIssue, tree: Tree, originOf: (path: string) => string): TriplaneError {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const full = [...path, key].join('.');
    const known = keysAt(configSchema, path);
    const hint = known.length > 0 ? `; did you mean ${[...path, closest(key, known)].join('.')}?` : '';
    return new TriplaneError('CONFIG_UNKNOWN_KEY', `unknown key ${full} in ${originOf(full)}${hint}`, {
      details: { key: full },
    });
  }
  const full = path.join('.') || 'the file';
  const came = path.reduce<unknown>(
    (value, key) => (isTree(value) ? value[key] : (value as never)?.[key as never]),
    tree,
  );
  return new TriplaneError(
    'CONFIG_INVALID',
    `${full} in ${originOf(full)}: ${expectation(issue)}, got ${JSON.stringify(came)}`,
    {
      details: { key: full },
    },
  );
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'too_small':
      return `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`;
    default:
      return issue.message;
  }
}
