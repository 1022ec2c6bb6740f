import type { Command } from 'commander';
import { optionsOf } from './globals';

const EXAMPLES = `
Examples:
  triplane token node 'app*'                       for every node whose id begins with app
  triplane token plane sip-1 --write plane.token --append tokens
  triplane token operator alice --json

The caller names the token's file as cluster.tokenFile, control planes name the lines' file as control.auth.tokensFile
and read it again when it changes. The token itself is kept nowhere else: whoever loses it makes a new one.`;

/** `triplane token`. */
export function addTokenCommand(program: Command): void {
  program
    .command('token')
    .summary('make a token for a node, plane or operator')
    .description('Makes a secret for a caller that has no certificate, and the line by which control planes know it.')
    .argument('<role>', 'node, plane, operator or viewer')
    .argument('<id>', "the caller's id, or the beginning of ids and *")
    .option('--write <file>', 'write the token to this new file instead of showing it')
    .option('--append <file>', 'add the line to this tokens file instead of showing it')
    .addHelpText('after', EXAMPLES)
    .action(async (role: string, id: string, files: { write?: string; append?: string }, command: Command) => {
      const { makeToken } = await import('./token');
      await makeToken(optionsOf(command), { role, id, ...files });
    });
}
