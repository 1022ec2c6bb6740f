import { isIP } from 'node:net';
import { Endpoint, Node } from '../../proto';
import type { ImportConfig } from '../../runtime/config';
import type { ServiceInstance } from '../../runtime/consul';
import { isName } from '../registry';
import { PORTS, type PortName } from '../static-nodes';

/** The label that says which import a node came by. */
export const IMPORT_LABEL = 'consul.import';

const MAX_WEIGHT = 1000;

/** What stands in the label: the service, and the tag that was asked for. */
export function importLabel({ service, tag }: ImportConfig): string {
  return tag === undefined ? service : `${service}#${tag}`;
}

/** The instance as a node of the contract, or why it cannot be one. Its id is that of the service instance and of its agent, unique and stable. */
export function nodeFromInstance(instance: ServiceInstance, config: ImportConfig): Node | string {
  const { id, agent, host, meta } = instance;
  if (isIP(host) === 0) return `its address ${JSON.stringify(host)} is not an IP address`;
  const nodeId = `${id}.${agent}`;
  if (!isName(nodeId)) return `${JSON.stringify(nodeId)} is no node id: 1-64 characters of A-Z a-z 0-9 . _ -`;
  const endpoints = endpointsOf(instance, config);
  if (endpoints.length === 0) return 'it has none of the ports that control.import asks for';
  const weight = Number(meta['weight'] ?? 100);
  if (!Number.isInteger(weight) || weight < 0 || weight > MAX_WEIGHT) return `meta.weight: expected 0-${MAX_WEIGHT}`;
  return Node.create({
    nodeId,
    incarnation: 'consul',
    endpoints,
    weight,
    pool: config.pool,
    softwareVersion: meta['version'] ?? '',
    jvmRoute: meta['jvm_route'] ?? '',
    labels: new Map([[IMPORT_LABEL, importLabel(config)]]),
  });
}

function endpointsOf({ host, port, meta }: ServiceInstance, { ports }: ImportConfig): Endpoint[] {
  return PORTS.flatMap(([name, protocol, transport]) => {
    const found = portOf(ports[name], port, meta);
    return found === undefined ? [] : [Endpoint.create({ protocol, transport, host, port: found })];
  });
}

function portOf(
  from: ImportConfig['ports'][PortName],
  port: number,
  meta: ServiceInstance['meta'],
): number | undefined {
  const found = typeof from === 'string' ? (from === 'port' ? port : Number(meta[from.slice('meta.'.length)])) : from;
  return found !== undefined && Number.isInteger(found) && found >= 1 && found <= 65_535 ? found : undefined;
}
