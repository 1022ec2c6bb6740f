import type { Command } from 'commander';
import { optionsOf } from './globals';

/** `triplane config check | explain | convert`. */
export function addSettingsCommands(program: Command): void {
  const config = program
    .command('config')
    .summary('check, explain or convert a configuration')
    .description('Works on configuration files; no service is needed.');
  config
    .command('check')
    .description('Reads a file as the services do and says what is wrong with it.')
    .argument('<file>', "triplane.yaml, or the predecessor's lb.properties or XML")
    .addHelpText('after', '\nExample:\n  triplane config check triplane.yaml')
    .action(async (file: string, _options, command: Command) => {
      const { checkConfig } = await import('./settings');
      await checkConfig(optionsOf(command), file);
    });
  config
    .command('explain')
    .description('Says what a key means and what it is by default; without a key, all of them.')
    .argument('[key]', 'a key or the beginning of some, such as sip.external')
    .option('--markdown', 'as docs/configuration.md has it')
    .addHelpText('after', '\nExamples:\n  triplane config explain control.lease.ttlMs\n  triplane config explain sip')
    .action(async (key: string | undefined, { markdown }: { markdown?: boolean }, command: Command) => {
      const { explainConfig } = await import('./settings');
      const asked = key === undefined ? {} : { key };
      await explainConfig(optionsOf(command), { ...asked, markdown: markdown === true });
    });
  config
    .command('convert')
    .description("Turns the predecessor's lb.properties or XML into triplane.yaml on standard output.")
    .argument('<file>', "lb.properties (either guide's keys) or lb-configuration.xml")
    .addHelpText(
      'after',
      '\nKeys that have no counterpart stand as comments at the end, each with the reason.\n' +
        '\nExample:\n  triplane config convert lb.properties > triplane.yaml',
    )
    .action(async (file: string, _options, command: Command) => {
      const { convertConfig } = await import('./settings');
      await convertConfig(optionsOf(command), file);
    });
}
