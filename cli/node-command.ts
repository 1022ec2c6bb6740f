import type { Command } from 'commander';
import { optionsOf } from './globals';
import type { RunNodeOptions } from './node';
import { assignment, portNumber, seconds, urlPath, wholeNumber } from './option-values';

const EXAMPLES = `
Examples:
  triplane node --id app1 --address 10.0.0.11 --sip-udp 5080 --sip-tcp 5080
  triplane node --id web1 --address 10.0.0.21 --http 8080 --ws 8081 --jvm-route web1
  triplane node --id smsc1 --address 10.0.0.31 --smpp 2775 --weight 50
  triplane node --id app1 --address 10.0.0.11 --sip-udp 5080 --http 8080 --probe --probe-path /health

The node stays registered as long as this command runs. SIGTERM or Ctrl-C gives the lease up, after a drain
when --drain-timeout is given; a killed command leaves the node to its lease (6 s).
With --probe a server that fails three rounds loses its lease, and gets it back after two good ones.`;

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
  addProbeOptions(command);
  for (const [flag, what] of PORTS) command.option(`--${flag} <port>`, what, portNumber);
  command.addHelpText('after', EXAMPLES).action(async (_options, self: Command) => {
    const { runNode } = await import('./node');
    await runNode(optionsOf(self), self.opts<RunNodeOptions>());
  });
}

function addProbeOptions(command: Command): void {
  command
    .option('--probe', 'stay registered only while the server answers: SIP OPTIONS, HTTP GET, SMPP enquire_link')
    .option('--probe-path <path>', 'what HTTP ports are asked for; a status below 500 is well (default: /)', urlPath)
    .option('--probe-interval <ms>', 'between two rounds of probes (default: 2000)', wholeNumber(100, 3_600_000))
    .option('--probe-timeout <ms>', 'time for an answer (default: 1000)', wholeNumber(10, 60_000));
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
