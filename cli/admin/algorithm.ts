import { Protocol, RoutingConfig, type Canary, type PastRoutingConfig } from '../../proto';
import { TriplaneError } from '../../runtime/errors';
import { contractWord } from '../contract-word';
import type { Globals } from '../globals';
import { printJson, printText, table } from '../output';
import { withAdmin, type AdminSession } from './admin-session';

/** `triplane algorithm get [PROTOCOL]`. */
export async function getAlgorithm(globals: Globals, protocolName: string | undefined): Promise<void> {
  const protocol = protocolName === undefined ? Protocol.UNSPECIFIED : protocolOf(protocolName);
  await withAdmin(globals, async (session) => {
    const { configs, canaries } = await session.call(session.client.getRoutingConfig, { protocol });
    if (globals.json) printJson({ algorithms: configs.map(viewOf), canaries: canaries.map(canaryView) });
    else printText([textOf(configs), ...canaries.map(canaryText)].join('\n'));
  });
}

/** `triplane algorithm history [PROTOCOL]`: what was in force before, newest first. */
export async function algorithmHistory(globals: Globals, protocolName: string | undefined): Promise<void> {
  const protocol = protocolName === undefined ? Protocol.UNSPECIFIED : protocolOf(protocolName);
  await withAdmin(globals, async ({ client, call }) => {
    const { past } = await call(client.getRoutingConfig, { protocol });
    if (globals.json) printJson({ past: past.map(pastView) });
    else printText(past.length === 0 ? 'no change yet' : pastText(past));
  });
}

export interface RollbackOptions {
  readonly protocol: string;
  readonly pool: string;
  /** The etag of a config of the history; undefined: the one before the current. */
  readonly to?: number;
}

/** `triplane algorithm rollback PROTOCOL`: commits an older config again, or ends a canary. */
export async function rollbackAlgorithm(globals: Globals, { protocol, pool, to = 0 }: RollbackOptions): Promise<void> {
  const request = { protocol: protocolOf(protocol), pool, toChangedIndex: to };
  await withAdmin(globals, async ({ client, call }) => {
    const { config } = await call(client.rollbackRoutingConfig, request);
    if (globals.json) printJson({ algorithm: config === undefined ? null : viewOf(config) });
    else printText(config === undefined ? 'done' : sentence(undefined, config));
  });
}

export interface SetAlgorithmOptions {
  readonly protocol: string;
  readonly algorithm: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly pool: string;
  /** Check everything, change nothing. */
  readonly dryRun: boolean;
  /** Try it at so many planes first; undefined: all at once. */
  readonly canary?: number;
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
      canaryPlanes: options.canary,
    });
    const after = answer.config ?? config;
    const planes = answer.canaryPlaneIds;
    if (globals.json) printJson({ algorithm: viewOf(after), dryRun: options.dryRun, canaryPlanes: planes });
    else printText(`${sentence(before, after)}${addendum(options.dryRun, planes)}`);
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

function viewOf(config: RoutingConfig): Record<string, unknown> {
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

function canaryView({ config, planeIds, startedAt }: Canary): unknown {
  return {
    ...(config === undefined ? {} : viewOf(config)),
    planes: planeIds,
    startedAt: startedAt?.toISOString() ?? null,
  };
}

function canaryText({ config, planeIds }: Canary): string {
  const what = config === undefined ? '' : `${whereOf(config)}: ${config.algorithm} `;
  return `${what}is on trial at ${planeIds.join(', ')}; "triplane algorithm rollback" ends the trial`;
}

function pastView({ config, committedAt }: PastRoutingConfig): unknown {
  return { ...(config === undefined ? {} : viewOf(config)), committedAt: committedAt?.toISOString() ?? null };
}

function pastText(past: readonly PastRoutingConfig[]): string {
  const rows = past.flatMap(({ config, committedAt }) =>
    config === undefined
      ? []
      : [
          [
            contractWord(config.protocol).toLowerCase(),
            poolName(config.pool),
            String(config.changedIndex),
            committedAt?.toISOString() ?? '-',
            config.algorithm,
            parametersText(config) || '-',
          ],
        ],
  );
  return table(['PROTOCOL', 'POOL', 'ETAG', 'COMMITTED', 'ALGORITHM', 'PARAMETERS'], rows);
}

function whereOf(config: RoutingConfig): string {
  return `${contractWord(config.protocol).toLowerCase()}/${poolName(config.pool)}`;
}

function sentence(before: RoutingConfig | undefined, after: RoutingConfig): string {
  const now = [after.algorithm, parametersText(after)].filter((part) => part !== '').join(' ');
  return `${whereOf(after)}: ${before === undefined ? '' : `${before.algorithm} -> `}${now}`;
}

function addendum(dryRun: boolean, canaryPlanes: readonly string[]): string {
  if (dryRun) return ' would be accepted; nothing was changed';
  return canaryPlanes.length === 0 ? '' : ` on trial at ${canaryPlanes.join(', ')}`;
}
