import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../../cli/program';

const DOC = readFileSync(path.resolve(__dirname, '../../../docs/cli.md'), 'utf8');

/** Commands that do something, by their full name: `algorithm set`. */
function commandsBelow(command: Command, prefix = ''): [string, Command][] {
  return command.commands.flatMap((child) => {
    const name = `${prefix}${child.name()}`;
    return child.commands.length > 0 ? commandsBelow(child, `${name} `) : [[name, child] as [string, Command]];
  });
}

const commands = commandsBelow(buildProgram());

test.each(commands)('docs/cli.md describes %s and each of its options', (name, command) => {
  const start = DOC.indexOf(`\n### triplane ${name}`);
  expect(start).toBeGreaterThan(0);
  const section = DOC.slice(start + 1, DOC.indexOf('\n##', start + 4) >>> 0);
  const missing = command.options.map(({ long }) => long ?? '').filter((option) => !section.includes(`\`${option}`));
  expect(missing).toEqual([]);
});

test('docs/cli.md describes the options that every command takes', () => {
  const missing = buildProgram()
    .options.map(({ long, short }) => long ?? short ?? '')
    .filter((option) => !DOC.includes(`\`${option}`));
  expect(missing).toEqual([]);
});
