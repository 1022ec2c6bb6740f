import type { Command } from 'commander';
import { optionsOf } from './globals';
import type { RunNodeOptions } from './node';
import { assignment, portNumber, seconds, wholeNumber } from './option-values';

const EXAMPLES = `
Examples:
  triplane node --id app1 --address 10.0.0.11 --sip-udp 5080 --sip-tcp 5080
  triplane node --id web1 --address 10.0.0.21 --http 8080 --ws 8081 --jvm-route web1
  triplane node --id smsc1 --address 10.0.0.31 --smpp 2775 --weight 50

The node stays registered as long as this command runs. SIGTERM or Ctrl-C gives the lease up, after a drain
when --drain-timeout is given; a killed command leaves the node to its lease (6 s).`;

/** `triplane node`. */
export function addNodeCommand(program: Command): void {
  const command = program
    .command('node')
    .summary('register an application node and keep it alive')
    .description('Registers an application node at the control planes of cluster.controlPlanes and keeps it alive.')
    .requiredOption('--id <id>', 'stable name of the node: 1-64 of A-Z a-z 0-9 . _ -')
    .requiredOption('--address <ip>', 'IP address at which the planes reach it')
    .option('--jvm-route <route>', 'suffix of its JSESSIONID cookies (default: the id)')
    .option('--weight <n>', 'share of new work, 0-1000 (default: 100)', wholeNumber(0, 1000))
    .option('--version <version>', 'version of its software, for rolling upgrades')
    .option('--pool <pool>', 'group that is balanced together (default: default)')
    .option('--label <name=value>', 'label; may be repeated', assignment)
    .option(
      '--drain-timeout <seconds>',
      'on a signal, keep it DRAINING until its sessions end, this long at most',
      seconds,
    );
  for (const [flag, what] of PORTS) command.option(`--${flag} <port>`, what, portNumber);
  command.addHelpText('after', EXAMPLES).action(async (_options, self: Command) => {
    const { runNode } = await import('./node');
    await runNode(optionsOf(self), self.opts<RunNodeOptions>());
  });
}

const PORTS = [
  ['sip-udp', 'SIP over UDP'],
  ['sip-tcp', 'SIP over TCP'],
  ['sip-tls', 'SIP over TLS'],
  ['sip-ws', 'SIP over WebSocket'],
  ['sip-wss', 'SIP over secure WebSocket'],
  ['http', 'HTTP'],
  ['https', 'HTTPS'],
  ['ws', 'WebSocket, where it is not the HTTP port'],
  ['wss', 'secure WebSocket, where it is not the HTTPS port'],
  ['smpp', 'SMPP'],
  ['smpp-tls', 'SMPP over TLS'],
] as const;
