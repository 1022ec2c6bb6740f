import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { TriplaneError } from '../runtime/errors';
import { productVersion } from '../runtime/version';
import { addAdminCommands } from './admin-commands';
import { addNodeCommand } from './node-command';
import { addServiceCommands } from './service-commands';
import { addSettingsCommands } from './settings-commands';
import { addTokenCommand } from './token-command';

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; one line "triplane: CODE: message" on standard error says why (docs/errors.md)
  2  the command line is not understood

Every command takes the global options before or after its name. "triplane help COMMAND" has examples.`;

/** Runs one command line (the arguments after the program's name). Rejects with the TriplaneError to be shown. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const program = buildProgram();
  if (args.length === 0) {
    program.outputHelp({ error: true });
    process.exitCode = 2;
    return;
  }
  // Not an option of the program: `triplane node` has one of that name.
  const given = args[0] === '--version' ? ['-V'] : args;
  try {
    await program.parseAsync(given, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const said = error.message
      .replace(/^error: /, '')
      .replace(/\.$/, '')
      .replaceAll('\n', ' ');
    const text = error.code === 'commander.help' ? 'expected a command' : said;
    throw new TriplaneError('USAGE', `${text}; see "triplane --help"`, { cause: error });
  }
}

/** All commands with their options, none of them run. */
export function buildProgram(): Command {
  const program = new Command('triplane')
    .description('Load balancer for telecom clusters: SIP, HTTP/WebSocket and SMPP over one pool of application nodes.')
    .version(productVersion(), '-V', 'print the version (also --version)')
    .option('-c, --config <file>', "configuration: triplane.yaml, or the predecessor's lb.properties or XML")
    .option('--set <key=value>', 'overrides one configuration key; may be repeated', append)
    .option('--admin <host:port>', 'admin service of the control plane, over cluster.admin', hostPort)
    .option('--json', 'JSON for programs instead of text for people')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false)
    .exitOverride();
  addServiceCommands(program);
  addNodeCommand(program);
  addAdminCommands(program);
  addSettingsCommands(program);
  addTokenCommand(program);
  return program;
}

function append(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function hostPort(text: string): string {
  if (/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:7701.');
}
