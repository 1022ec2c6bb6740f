import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments, parseDocument } from 'yaml';
import { buildProgram } from '../../../cli/program';
import { loadConfig } from '../../../runtime/config';

const DEPLOY = path.resolve(__dirname, '../../../deploy');
const read = (...parts: readonly string[]): string => readFileSync(path.join(DEPLOY, ...parts), 'utf8');
const namesOf = (folder: string): string[] => readdirSync(path.join(DEPLOY, folder));

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

interface Manifest {
  readonly kind: string;
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: readonly Container[] } } };
}

const manifests = namesOf('kubernetes').flatMap((name) =>
  parseAllDocuments(read('kubernetes', name)).map((document) => [name, document.toJS() as Manifest] as const),
);
const containers = manifests.flatMap(([file, { spec }]) =>
  (spec?.template?.spec.containers ?? [])
    .filter(({ image }) => image === 'triplane')
    .map((container) => [`${file}: ${container.name}`, container] as const),
);

/** Options that the command line names and the command does not have; the command itself if there is none. */
function unknownOf(words: readonly string[]): string[] {
  const program = buildProgram();
  const command = program.commands.find((one) => one.name() === words[0]);
  if (command === undefined) return [words[0] ?? ''];
  const known = new Set([...command.options, ...program.options].map(({ long }) => long));
  return words.filter((word) => word.startsWith('--') && !known.has(word.split('=')[0]));
}

test('there is a container for each service and one for an agent', () => {
  expect(containers.map(([, { args }]) => args?.[0]).toSorted()).toEqual(['control', 'http', 'node', 'sip', 'smpp']);
});

test.each(containers)('%s runs a command that there is, with options that it has', (_name, { args = [] }) => {
  expect(unknownOf(args)).toEqual([]);
});

test.each(containers)('%s has a configuration that is valid with its environment', (_name, { env = [] }) => {
  const values = env.map(({ name, value }) => [name, value ?? (name.endsWith('HOST') ? '10.1.2.3' : 'name-1')]);
  const file = path.join(DEPLOY, 'kubernetes/triplane.yaml');
  expect(() => loadConfig({ file, env: Object.fromEntries(values) as Record<string, string> })).not.toThrow();
});

test.each(namesOf('systemd'))('%s runs a command that there is, with options that it has', (name) => {
  const line = /^ExecStart=\/usr\/local\/bin\/triplane (.*)$/m.exec(read('systemd', name))?.[1] ?? '';
  const words = line.replace(/^%i/, 'sip').split(' ');
  expect(words.length).toBeGreaterThan(2);
  expect(unknownOf(words)).toEqual([]);
});

test('compose runs the four services', () => {
  const document = parseDocument(read('container', 'compose.yaml'), { merge: true });
  const { services } = document.toJS() as { services: Record<string, { command: string[] }> };
  expect(Object.values(services).flatMap(({ command }) => unknownOf(command))).toEqual([]);
  expect(Object.keys(services)).toEqual(['control', 'sip', 'http', 'smpp']);
});

test('the image copies everything that the command needs, and no checkout script', () => {
  const text = read('container', 'Containerfile');
  for (const folder of ['bin', 'dist', 'node_modules', 'package.json']) expect(text).toContain(`/build/${folder} `);
  expect(text).not.toContain('/build/scripts');
});
