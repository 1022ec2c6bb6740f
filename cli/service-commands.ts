import type { Command } from 'commander';
import type { DemoOptions } from './demo';
import { optionsOf } from './globals';
import { wholeNumber } from './option-values';
import type { ServiceName } from './services';

const UP_EXAMPLES = `
Examples:
  triplane up                                      all on this machine, on the default ports
  triplane up --config triplane.yaml               with a configuration
  triplane up --set sip.external.udpPort=5070      with one key changed

A service that dies is started again. Ctrl-C or SIGTERM closes all in order, a second signal ends at once.`;

const DEMO_EXAMPLES = `
Starts one control plane and three planes on free ports, registers six toy nodes (two SIP, two HTTP, two SMPP),
sends traffic through the planes and shows who got what. Nothing that runs already is touched.

Examples:
  triplane demo                                    until Ctrl-C
  triplane demo --seconds 20                       for a while
  triplane demo --once                             a fixed amount, one table, exit code 0 if every request was answered`;

/** `up`, the four services, and `demo`. */
export function addServiceCommands(program: Command): void {
  program
    .command('up')
    .summary('run the control plane and the three planes on this machine')
    .description('Runs the control plane and the three planes, each as its own process, until a signal.')
    .addHelpText('after', UP_EXAMPLES)
    .action(async (_options, command: Command) => {
      const { up } = await import('./services');
      await up(optionsOf(command));
    });
  addService(program, 'control', 'control-plane', 'run a control plane');
  addService(program, 'sip', 'sip-plane', 'run a SIP plane');
  addService(program, 'http', 'http-plane', 'run an HTTP and WebSocket plane');
  addService(program, 'smpp', 'smpp-plane', 'run an SMPP plane');
  program
    .command('demo')
    .summary('run everything with toy nodes and traffic')
    .description('Shows Triplane at work.')
    .option('--once', 'a fixed amount of traffic, then end')
    .option('--seconds <n>', 'end after this time', wholeNumber(1, 86_400))
    .addHelpText('after', DEMO_EXAMPLES)
    .action(async (options: Pick<DemoOptions, 'once' | 'seconds'>, command: Command) => {
      const { demo } = await import('./demo');
      await demo({ ...optionsOf(command), ...options });
    });
}

function addService(program: Command, name: string, service: ServiceName, summary: string): void {
  program
    .command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)} as this process, until a signal.`)
    .addHelpText('after', `\nExamples:\n  triplane ${name}\n  triplane ${name} --config triplane.yaml`)
    .action(async (_options, command: Command) => {
      const { runService } = await import('./services');
      runService(optionsOf(command), service);
    });
}
