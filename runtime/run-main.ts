import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { systemClock } from './clock';
import { loadConfig, type Config } from './config';
import { TriplaneError, messageOf } from './errors';
import { exitWithLine, runService } from './lifecycle';
import { createLogger } from './logger';
import { OperatorPages } from './operator-pages';
import type { ProcessContext } from './process-context';
import { systemRandom } from './random';
import type { Service } from './service';
import { startTelemetry } from './telemetry';

export interface MainOptions {
  /** `control-plane`, `sip-plane`, ...: names log lines and, with the prefix `triplane-`, traces. */
  readonly name: string;
  readonly start: (context: ProcessContext) => Promise<Service>;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
}

/** The whole life of a service's process: arguments (`--config FILE`, `--set key=value`), configuration, logger, telemetry, service. */
export async function runMain({ name, start, args }: MainOptions): Promise<void> {
  let own: Pick<ProcessContext, 'config' | 'logger'> & { readonly operator: OperatorPages };
  try {
    const config = configFromArgs(args);
    const logger = createLogger({ name, ...config.log });
    own = { config, logger, operator: new OperatorPages(config.operator, logger) };
  } catch (error) {
    exitWithLine(error);
  }
  const { logger, operator } = own;
  await runService({ logger, operator, start: () => startWithTelemetry(name, { ...own, start }) });
}

interface StartOptions extends Pick<ProcessContext, 'config' | 'logger'> {
  readonly operator: OperatorPages;
  readonly start: MainOptions['start'];
}

async function startWithTelemetry(name: string, { start, ...own }: StartOptions): Promise<Service> {
  const incarnation = randomUUID();
  const telemetry = await startTelemetry({
    serviceName: `triplane-${name}`,
    instanceId: incarnation,
    traceRatio: own.config.telemetry.traceRatio,
    env: process.env,
  });
  const service = await start({ ...own, telemetry, clock: systemClock, random: systemRandom, incarnation });
  return {
    addresses: service.addresses,
    async close() {
      await service.close();
      await telemetry.close();
    },
  };
}

/** The configuration that `--config FILE` and `--set key=value` name, over TRIPLANE_… variables. Throws USAGE and CONFIG_… errors. */
export function configFromArgs(args: readonly string[]): Config {
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
