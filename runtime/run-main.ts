import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { systemClock } from './clock';
import { loadConfig, type Config } from './config';
import { TriplaneError, messageOf } from './errors';
import { exitWithLine, runService } from './lifecycle';
import { LiveConfig } from './live-config';
import { createLogger, type Logger } from './logger';
import { OperatorPages } from './operator-pages';
import type { ProcessContext } from './process-context';
import { systemRandom } from './random';
import type { Service } from './service';
import { startTelemetry } from './telemetry';
import { Worker, superviseWorkers, type WorkerPlan } from './workers';

export interface MainOptions {
  /** `control-plane`, `sip-plane`, ...: names log lines and, with the prefix `triplane-`, traces. */
  readonly name: string;
  readonly start: (context: ProcessContext) => Promise<Service>;
  /** How the service runs as several processes; undefined: this configuration wants one. Throws TriplaneError. */
  readonly workers?: (config: Config) => Promise<WorkerPlan | undefined> | WorkerPlan | undefined;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
}

/**
 * The whole life of a service's process: arguments (`--config FILE`, `--set key=value`), configuration, logger, telemetry, service. With
 * workers it supervises processes of this very program, each of which comes here too.
 */
export async function runMain({ name, start, args, workers }: MainOptions): Promise<void> {
  const worker = Worker.ofProcess();
  let own: OwnParts;
  try {
    const config = configFromArgs(args);
    const logger = createLogger({ name, ...config.log });
    own = worker === undefined ? ownOf(config, logger) : workerOf(worker, config, logger);
  } catch (error) {
    exitWithLine(error);
  }
  const { config, logger, operator } = own;
  await runService({
    logger,
    operator,
    start: async () => {
      const plan = worker === undefined ? await workers?.(config) : undefined;
      if (plan === undefined) return startWithTelemetry({ name, start, args }, own);
      const machine = { clock: systemClock, random: systemRandom };
      return superviseWorkers({ name, plan, main: process.argv[1] ?? '', args, logger, operator, ...machine });
    },
  });
}

type OwnParts = Pick<ProcessContext, 'config' | 'logger' | 'operator' | 'worker'>;

function ownOf(config: Config, logger: Logger): OwnParts {
  return { config, logger, operator: new OperatorPages(config.operator, logger) };
}

/** The pages of a worker are its supervisor's. */
function workerOf(worker: Worker, config: Config, parent: Logger): OwnParts {
  const logger = parent.child({ worker: worker.index });
  worker.onLogLevel((level) => {
    logger.level = level;
  });
  return { config, logger, worker };
}

async function startWithTelemetry({ name, start, args }: MainOptions, own: OwnParts): Promise<Service> {
  const incarnation = randomUUID();
  const telemetry = await startTelemetry({
    serviceName: `triplane-${name}`,
    instanceId: incarnation,
    traceRatio: own.config.telemetry.traceRatio,
    env: process.env,
    activeSpans: name === 'control-plane',
  });
  const liveConfig = new LiveConfig({ ...own, read: () => configFromArgs(args) });
  const machine = { clock: systemClock, random: systemRandom };
  const service = await start({ ...own, ...machine, telemetry, incarnation, liveConfig });
  return {
    addresses: service.addresses,
    async close() {
      liveConfig.close();
      await service.close();
      await telemetry.close();
    },
  };
}

/** The configuration that `--config FILE` and `--set key=value` name, over TRIPLANE_… variables. Throws USAGE and CONFIG_… errors. */
function configFromArgs(args: readonly string[]): Config {
  let values: { config?: string; set?: string[] };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string', short: 'c' }, set: { type: 'string', multiple: true } },
    }));
  } catch (error) {
    throw new TriplaneError('USAGE', `${messageOf(error)}; expected --config FILE and --set key=value`, {
      cause: error,
    });
  }
  return loadConfig({ file: values.config, set: values.set ?? [], env: process.env });
}
