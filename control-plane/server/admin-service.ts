import {
  DrainNodeResponse,
  GetRoutingConfigResponse,
  ListNodesResponse,
  ListPlanesResponse,
  RemoveNodeResponse,
  ResumeNodeResponse,
  RollbackRoutingConfigResponse,
  UpdateRoutingConfigResponse,
  toMs,
  type AdminServiceServer,
  type DrainNodeRequest,
  type ListNodesRequest,
  type RoutingConfig,
  type UpdateRoutingConfigRequest,
} from '../../proto';
import type { CallInfo } from '../../runtime/grpc';
import { traceparentOf } from '../../runtime/telemetry';
import { Refusal } from '../registry';
import { nodeStatus } from './node-status';
import { handler, type ServiceContext } from './service-context';
import { WatchNodesStream } from './watch-nodes-stream';

const MAX_PAGE = 1000;
const MAX_DRAIN_MS = 86_400_000;

/** AdminService of the contract. Each change leaves one audit line in the log. */
export function adminService(context: ServiceContext): AdminServiceServer {
  const { registry, hub, overview, streams, configs } = context;
  return {
    listNodes: handler(context, 'AdminService/ListNodes', (request) => listNodes(context, request)),
    watchNodes: (call) => streams.open(call, (stream) => new WatchNodesStream(context, stream)),

    drainNode: handler(context, 'AdminService/DrainNode', async (request, call) => {
      const timeoutMs = drainTimeout(context, request);
      const view = await registry.drain(request.nodeId, timeoutMs, traceparentOf(call.span));
      audit(context, call, 'drain', { node: request.nodeId, timeoutMs });
      return DrainNodeResponse.create({ node: nodeStatus(view, overview.nodeFigures()) });
    }),

    resumeNode: handler(context, 'AdminService/ResumeNode', async ({ nodeId }, call) => {
      const view = await registry.resume(nodeId, traceparentOf(call.span));
      audit(context, call, 'resume', { node: nodeId });
      return ResumeNodeResponse.create({ node: nodeStatus(view, overview.nodeFigures()) });
    }),

    removeNode: handler(context, 'AdminService/RemoveNode', async ({ nodeId }, call) => {
      await registry.remove(nodeId, traceparentOf(call.span));
      audit(context, call, 'remove', { node: nodeId });
      return RemoveNodeResponse.create({});
    }),

    getRoutingConfig: handler(context, 'AdminService/GetRoutingConfig', ({ protocol }) =>
      GetRoutingConfigResponse.create({
        configs: configs.list(protocol),
        revision: hub.revision,
        canaries: configs.canaries(protocol),
        past: configs.past(protocol),
      }),
    ),

    updateRoutingConfig: handler(context, 'AdminService/UpdateRoutingConfig', (request, call) =>
      updateConfig(context, request, call),
    ),

    rollbackRoutingConfig: handler(context, 'AdminService/RollbackRoutingConfig', async (request, call) => {
      const { protocol, pool, toChangedIndex } = request;
      const old = configs.get(protocol, pool);
      const config = await configs.rollback(protocol, pool, toChangedIndex, traceparentOf(call.span));
      audit(context, call, 'roll back routing config', configFacts(config, old));
      return RollbackRoutingConfigResponse.create({ config, revision: hub.revision });
    }),

    listPlanes: handler(context, 'AdminService/ListPlanes', () =>
      ListPlanesResponse.create({
        planes: overview.planes(),
        revision: hub.revision,
        missingControlPlanes: overview.missing,
      }),
    ),

    getStats: handler(context, 'AdminService/GetStats', () => overview.stats()),

    setLogLevel: handler(context, 'AdminService/SetLogLevel', (request, call) => {
      const changed = context.logLevels.set(request);
      audit(context, call, 'log level', { level: request.level, ...changed });
      return changed;
    }),
  };
}

function listNodes({ registry, overview, hub }: ServiceContext, request: ListNodesRequest): ListNodesResponse {
  const { pageSize, pageToken, pool } = request;
  if (pageSize > MAX_PAGE) throw new Refusal('INVALID', `page_size: expected 0-${MAX_PAGE}, got ${pageSize}`);
  const after = Buffer.from(pageToken, 'base64url').toString();
  const rest = registry.list().filter(({ node }) => node.nodeId > after && (pool === '' || node.pool === pool));
  const page = rest.slice(0, pageSize === 0 ? MAX_PAGE : pageSize);
  const figuresOf = overview.nodeFigures();
  const last = page.at(-1)?.node.nodeId ?? '';
  return ListNodesResponse.create({
    nodes: page.map((view) => nodeStatus(view, figuresOf)),
    nextPageToken: page.length < rest.length ? Buffer.from(last).toString('base64url') : '',
    revision: hub.revision,
    guardActive: registry.guardActive,
  });
}

function drainTimeout({ config }: ServiceContext, { timeout }: DrainNodeRequest): number {
  const ms = timeout === undefined ? config.drainTimeoutMs : toMs(timeout);
  if (ms >= 0 && ms <= MAX_DRAIN_MS) return ms;
  throw new Refusal('INVALID', `timeout: expected 0-86400 s, got ${ms / 1000} s`, { field: 'timeout' });
}

async function updateConfig(
  context: ServiceContext,
  { config, etag, validateOnly, canaryPlanes = 0 }: UpdateRoutingConfigRequest,
  call: CallInfo,
): Promise<UpdateRoutingConfigResponse> {
  const { configs, hub } = context;
  const old = config && configs.get(config.protocol, config.pool);
  const updated = await configs.update({
    config,
    etag,
    validateOnly,
    canaryPlanes,
    traceparent: traceparentOf(call.span),
  });
  const canaryPlaneIds = [...updated.canaryPlaneIds];
  if (!validateOnly) {
    audit(context, call, 'update routing config', { ...configFacts(updated.config, old), canaryPlaneIds });
  }
  return UpdateRoutingConfigResponse.create({ config: updated.config, revision: hub.revision, canaryPlaneIds });
}

function configFacts(config: RoutingConfig, old: RoutingConfig | undefined): Record<string, unknown> {
  const { protocol, pool, algorithm, parameters, changedIndex } = config;
  return {
    protocol,
    pool,
    algorithm,
    parameters: Object.fromEntries(parameters),
    oldAlgorithm: old?.algorithm,
    oldEtag: String(old?.changedIndex ?? 0),
    newEtag: String(changedIndex),
  };
}

function audit({ logger }: ServiceContext, call: CallInfo, action: string, facts: Record<string, unknown>): void {
  logger.info(
    {
      audit: action,
      who: call.caller?.name ?? 'unknown',
      peer: call.peer,
      trace: call.span.spanContext().traceId,
      ...facts,
    },
    `operator: ${action}`,
  );
}
