import { readFileSync } from 'node:fs';
import { systemClock } from '../../runtime/clock';
import { TriplaneError } from '../../runtime/errors';
import { createLogger, type Logger } from '../../runtime/logger';
import { systemRandom } from '../../runtime/random';
import { configOf, serviceArgs, type Globals } from '../globals';
import { printJson, printText, table } from '../output';
import { onStopSignal } from '../stop-signal';
import { SERVICES, type ServiceName } from './service-list';
import { Topology } from './topology';

/** `triplane up`: everything on one machine, until a signal. Ends with 1, and without a word of its own, when a service could not start. */
export async function up(globals: Globals): Promise<void> {
  const config = await configOf(globals);
  const logger = createLogger({ name: 'up', ...config.log });
  await warnOfLeftOvers(globals, logger);
  const topology = new Topology({
    config,
    args: serviceArgs(globals),
    clock: systemClock,
    random: systemRandom,
    logger,
    // The page of the control plane is the one of the whole load balancer.
    onStopping: (service, delayMs) => {
      logger.info({ service, delayMs }, 'stopped by an operator');
      if (service === 'control-plane') systemClock.after(delayMs, () => void stop());
    },
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    await topology.close();
    process.exit(0);
  };
  onStopSignal(stop, () => {
    topology.kill();
    process.exit(1);
  });
  if (!process.stderr.isTTY) process.on('SIGHUP', () => topology.reload());
  try {
    await topology.start();
  } catch (error) {
    if (stopping) return;
    await topology.close();
    // The child that failed has printed its line; a second one would only repeat it.
    if (error instanceof TriplaneError && error.code === 'SERVICE_DIED') process.exit(1);
    throw error;
  }
  announce(topology, globals.json);
}

/** A file of the predecessor is taken as it is; what it says in vain must not go unnoticed. */
async function warnOfLeftOvers({ config: file }: Globals, logger: Logger): Promise<void> {
  if (file === undefined) return;
  const { convertPredecessor, isPredecessorFile } = await import('../../runtime/config');
  if (!isPredecessorFile(file)) return;
  const { leftOvers } = convertPredecessor(readFileSync(file, 'utf8'), file);
  if (leftOvers.length === 0) return;
  const keys = leftOvers.map(({ key }) => key);
  logger.warn({ file, keys }, `keys without effect; "triplane config convert ${file}" says why`);
}

function announce(topology: Topology, json: boolean): void {
  if (json) {
    printJson({
      addresses: byService((service) => topology.addressesOf(service)),
      pids: byService((service) => topology.pidOf(service)),
    });
    return;
  }
  const rows = SERVICES.flatMap((service) =>
    Object.entries(topology.addressesOf(service)).map(([listener, address], index) => [
      index === 0 ? service : '',
      listener,
      address,
    ]),
  );
  printText(`${table(['SERVICE', 'LISTENER', 'ADDRESS'], rows)}\n\n${nextSteps(topology)}`);
}

function byService<T>(value: (service: ServiceName) => T): Record<string, T> {
  return Object.fromEntries(SERVICES.map((service) => [service, value(service)]));
}

/** Commands that work as they stand: they name the control plane where it is not at its usual ports. */
function nextSteps(topology: Topology): string {
  const { grpc = '', admin = '', http = '' } = topology.addressesOf('control-plane');
  const register = grpc === '127.0.0.1:7700' ? '' : ` --set 'cluster.controlPlanes=["${grpc}"]'`;
  const watch = admin === '127.0.0.1:7701' ? '' : ` --admin ${admin}`;
  const steps: readonly (readonly [string, string])[] = [
    [`triplane node --id app1 --address 127.0.0.1 --sip-udp 5080${register}`, 'register a node and keep it alive'],
    [`triplane nodes --watch${watch}`, 'see nodes come and go'],
    [`curl http://${http}/lbstat`, 'all figures as JSON'],
    ['Ctrl-C', 'close everything'],
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return `Next:\n${steps.map(([command, why]) => `  ${command.padEnd(width)}   ${why}`).join('\n')}`;
}
