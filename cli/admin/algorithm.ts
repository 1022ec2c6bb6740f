import { Protocol, RoutingConfig } from '../../proto';
import { TriplaneError } from '../../runtime/errors';
import { contractWord } from '../contract-word';
import type { Globals } from '../globals';
import { printJson, printText, table } from '../output';
import { withAdmin, type AdminSession } from './admin-session';

/** `triplane algorithm get [PROTOCOL]`. */
export async function getAlgorithm(globals: Globals, protocolName: string | undefined): Promise<void> {
  const protocol = protocolName === undefined ? Protocol.UNSPECIFIED : protocolOf(protocolName);
  await withAdmin(globals, async (session) => {
    const configs = await configsOf(session, protocol);
    if (globals.json) printJson({ algorithms: configs.map(viewOf) });
    else printText(textOf(configs));
  });
}

export interface SetAlgorithmOptions {
  readonly protocol: string;
  readonly algorithm: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly pool: string;
  /** Check everything, change nothing. */
  readonly dryRun: boolean;
}

/** `triplane algorithm set PROTOCOL NAME`: replaces name and parameters, keeps the rest, and fails if another change came between. */
export async function setAlgorithm(globals: Globals, options: SetAlgorithmOptions): Promise<void> {
  const protocol = protocolOf(options.protocol);
  await withAdmin(globals, async (session) => {
    const before = (await configsOf(session, protocol)).find(({ pool }) => poolName(pool) === options.pool);
    const config = RoutingConfig.create({
      ...(before ?? { protocol, pool: options.pool }),
      algorithm: options.algorithm,
      parameters: new Map(options.parameters),
    });
    const answer = await session.call(session.client.updateRoutingConfig, {
      config,
      etag: before === undefined ? '' : String(before.changedIndex),
      validateOnly: options.dryRun,
    });
    const after = answer.config ?? config;
    if (globals.json) printJson({ algorithm: viewOf(after), dryRun: options.dryRun });
    else printText(sentence(before, after, options.dryRun));
  });
}

async function configsOf({ client, call }: AdminSession, protocol: Protocol): Promise<readonly RoutingConfig[]> {
  return (await call(client.getRoutingConfig, { protocol })).configs;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { sip: Protocol.SIP, http: Protocol.HTTP, smpp: Protocol.SMPP };

function protocolOf(name: string): Protocol {
  const found = Object.hasOwn(PROTOCOLS, name.toLowerCase()) ? PROTOCOLS[name.toLowerCase()] : undefined;
  if (found === undefined) throw new TriplaneError('USAGE', `expected a protocol: sip, http or smpp, got ${name}`);
  return found;
}

function poolName(pool: string): string {
  return pool === '' ? 'default' : pool;
}

function viewOf(config: RoutingConfig): unknown {
  return {
    protocol: contractWord(config.protocol),
    pool: poolName(config.pool),
    algorithm: config.algorithm,
    parameters: config.parameters,
    panicThresholdPercent: config.panicThresholdPercent ?? null,
    etag: String(config.changedIndex),
  };
}

function parametersText({ parameters }: RoutingConfig): string {
  return [...parameters].map(([name, value]) => `${name}=${value}`).join(' ');
}

function textOf(configs: readonly RoutingConfig[]): string {
  return table(
    ['PROTOCOL', 'POOL', 'ALGORITHM', 'PARAMETERS'],
    configs.map((config) => [
      contractWord(config.protocol).toLowerCase(),
      poolName(config.pool),
      config.algorithm,
      parametersText(config) || '-',
    ]),
  );
}

function sentence(before: RoutingConfig | undefined, after: RoutingConfig, dryRun: boolean): string {
  const where = `${contractWord(after.protocol).toLowerCase()}/${poolName(after.pool)}`;
  const now = [after.algorithm, parametersText(after)].filter((part) => part !== '').join(' ');
  const change = `${where}: ${before?.algorithm ?? 'none'} -> ${now}`;
  return dryRun ? `${change} would be accepted; nothing was changed` : change;
}
