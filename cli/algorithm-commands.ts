import type { Command } from 'commander';
import { optionsOf } from './globals';
import { assignment, wholeNumber } from './option-values';

/** `triplane algorithm get | set | history | rollback`. */
export function addAlgorithmCommands(program: Command): void {
  const algorithm = program
    .command('algorithm')
    .summary('see or change the balancing algorithm')
    .description('Shows or changes the algorithm that is in force for a protocol and pool.');
  addGet(algorithm);
  addSet(algorithm);
  addHistory(algorithm);
  addRollback(algorithm);
}

function addGet(algorithm: Command): void {
  algorithm
    .command('get')
    .description('Shows the algorithms in force.')
    .argument('[protocol]', 'sip, http or smpp (default: all)')
    .addHelpText('after', '\nExamples:\n  triplane algorithm get\n  triplane algorithm get sip --json')
    .action(async (protocol: string | undefined, _options, command: Command) => {
      const { getAlgorithm } = await import('./admin');
      await getAlgorithm(optionsOf(command), protocol);
    });
}

interface SetOptions {
  readonly param?: ReadonlyMap<string, string>;
  readonly pool: string;
  readonly dryRun?: boolean;
  readonly canary?: number;
}

const SET_EXAMPLES = `
Examples:
  triplane algorithm set sip header-hash
  triplane algorithm set sip least-sessions --canary 1
  triplane algorithm set sip call-id-affinity --param callIdAffinityMaxTimeInCache=180 --dry-run`;

function addSet(algorithm: Command): void {
  algorithm
    .command('set')
    .description(
      'Changes the algorithm at once in every plane. Refused when a connected plane lacks it or a parameter.',
    )
    .argument('<protocol>', 'sip, http or smpp')
    .argument('<name>', 'such as round-robin, call-id-affinity, header-hash, least-sessions')
    .option('--param <name=value>', 'parameter of the algorithm; may be repeated', assignment)
    .option('--pool <pool>', 'the pool', 'default')
    .option('--dry-run', 'check everything, change nothing')
    .option(
      '--canary <planes>',
      'try it at so many planes first; kept if their failures do not rise',
      wholeNumber(1, 1000),
    )
    .addHelpText('after', SET_EXAMPLES)
    .action(async (protocol: string, name: string, options: SetOptions, command: Command) => {
      const { param = new Map<string, string>(), pool, dryRun = false, canary } = options;
      const { setAlgorithm } = await import('./admin');
      const change = { protocol, algorithm: name, parameters: param, pool, dryRun };
      await setAlgorithm(optionsOf(command), canary === undefined ? change : { ...change, canary });
    });
}

function addHistory(algorithm: Command): void {
  algorithm
    .command('history')
    .description('Shows what was in force before, newest first.')
    .argument('[protocol]', 'sip, http or smpp (default: all)')
    .addHelpText('after', '\nExample:\n  triplane algorithm history sip')
    .action(async (protocol: string | undefined, _options, command: Command) => {
      const { algorithmHistory } = await import('./admin');
      await algorithmHistory(optionsOf(command), protocol);
    });
}

const ROLLBACK_EXAMPLES = `
Examples:
  triplane algorithm rollback sip
  triplane algorithm rollback sip --to 12`;

function addRollback(algorithm: Command): void {
  const etag = wholeNumber(1, 999_999_999);
  algorithm
    .command('rollback')
    .description('Brings an older algorithm back into force, or ends a trial (--canary).')
    .argument('<protocol>', 'sip, http or smpp')
    .option('--pool <pool>', 'the pool', 'default')
    .option('--to <etag>', 'which one, as "algorithm history" shows it (default: the one before)', etag)
    .addHelpText('after', ROLLBACK_EXAMPLES)
    .action(async (protocol: string, options: { pool: string; to?: number }, command: Command) => {
      const { rollbackAlgorithm } = await import('./admin');
      await rollbackAlgorithm(optionsOf(command), { protocol, ...options });
    });
}
