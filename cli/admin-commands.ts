import type { Command } from 'commander';
import type { ListNodesOptions, ShowStatsOptions } from './admin';
import { optionsOf } from './globals';
import { addAlgorithmCommands } from './algorithm-commands';
import { seconds } from './option-values';

const JSON_LINES = '\nWith --json: one document; with --json --watch: one per line for each change.';

/** The commands that talk to the admin service. */
export function addAdminCommands(program: Command): void {
  addViews(program);
  addNodeActions(program);
  addLogLevel(program);
  addAlgorithmCommands(program);
}

function addViews(program: Command): void {
  program
    .command('nodes')
    .summary('list the nodes')
    .description('Lists the nodes with their state, sessions and addresses.')
    .option('-w, --watch', 'go on with each change')
    .option('--pool <pool>', 'only nodes of this pool')
    .addHelpText(
      'after',
      `\nExamples:\n  triplane nodes\n  triplane nodes --watch\n  triplane nodes --json${JSON_LINES}`,
    )
    .action(async (options: ListNodesOptions, command: Command) => {
      const { listNodes } = await import('./admin');
      await listNodes(optionsOf(command), options);
    });
  program
    .command('planes')
    .summary('list the planes')
    .description('Lists the planes, the revision that each has applied, and what it rejected.')
    .option('-w, --watch', 'again each second')
    .addHelpText('after', `\nExamples:\n  triplane planes\n  triplane planes --json${JSON_LINES}`)
    .action(async (options: { watch?: boolean }, command: Command) => {
      const { listPlanes } = await import('./admin');
      await listPlanes(optionsOf(command), options);
    });
  program
    .command('stats')
    .summary('show the figures')
    .description('Shows the figures of all planes, summed; docs/statistics.md says what each one counts.')
    .argument('[prefix]', 'only figures whose name begins with it, such as sip.external')
    .option('-a, --all', 'figures that are zero too')
    .option('-w, --watch', 'again each second')
    .addHelpText('after', `\nExamples:\n  triplane stats\n  triplane stats sip.external --watch${JSON_LINES}`)
    .action(async (prefix: string | undefined, options: ShowStatsOptions, command: Command) => {
      const { showStats } = await import('./admin');
      await showStats(optionsOf(command), { ...options, prefix: prefix ?? '' });
    });
}

function addNodeActions(program: Command): void {
  program
    .command('drain')
    .summary('give a node no new work')
    .description(
      'Gives a node no new work and lets the old finish; then, or when the time is over, it is in MAINTENANCE.',
    )
    .argument('<node>', 'id of the node')
    .option('--timeout <seconds>', 'how long sessions may last; 0: none (default: control.drainTimeoutMs)', seconds)
    .addHelpText('after', '\nExamples:\n  triplane drain app1\n  triplane drain app1 --timeout 60')
    .action(async (node: string, options: { timeout?: number }, command: Command) => {
      const { drainNode } = await import('./admin');
      await drainNode(optionsOf(command), node, options.timeout);
    });
  program
    .command('resume')
    .summary('give a drained node work again')
    .description('Brings a node that drains or is in MAINTENANCE back to ACTIVE.')
    .argument('<node>', 'id of the node')
    .addHelpText('after', '\nExample:\n  triplane resume app1')
    .action(async (node: string, _options, command: Command) => {
      const { resumeNode } = await import('./admin');
      await resumeNode(optionsOf(command), node);
    });
  program
    .command('remove')
    .summary('forget a node')
    .description('Forgets a node now. One that is alive registers again by itself: stop it first, or drain it.')
    .argument('<node>', 'id of the node')
    .addHelpText('after', '\nExample:\n  triplane remove app1')
    .action(async (node: string, _options, command: Command) => {
      const { removeNode } = await import('./admin');
      await removeNode(optionsOf(command), node);
    });
}

interface LogLevelOptions {
  readonly plane?: string;
  readonly all?: boolean;
}

function addLogLevel(program: Command): void {
  program
    .command('log-level')
    .summary('log more or less')
    .description(
      'Sets how much the control plane, or a plane that is connected to it, logs until it ends (trace debug info warn error fatal silent).',
    )
    .argument('<level>', 'such as debug')
    .option('--plane <id>', 'of this plane instead')
    .option('--all', 'of the control plane and of its planes')
    .addHelpText('after', '\nExamples:\n  triplane log-level debug --plane sip-1\n  triplane log-level info --all')
    .action(async (level: string, { plane, all = false }: LogLevelOptions, command: Command) => {
      const { setLogLevel } = await import('./admin');
      await setLogLevel(optionsOf(command), level, all ? '*' : (plane ?? ''));
    });
}
