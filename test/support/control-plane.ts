import { randomUUID } from 'node:crypto';
import { credentials, type Client } from '@grpc/grpc-js';
import { startControlPlane } from '../../control-plane';
import { AdminServiceClient, NodeServiceClient, PlaneServiceClient } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { silentLogger } from '../../runtime/logger';
import type { Service } from '../../runtime/service';
import { noTelemetry, type Telemetry } from '../../runtime/telemetry';

/** A control plane in this process, on free ports, with a client for each of its services. */
export interface TestControlPlane {
  readonly service: Service;
  readonly nodes: NodeServiceClient;
  readonly planes: PlaneServiceClient;
  readonly admin: AdminServiceClient;
  /** A page of its HTTP face. */
  page(path: string): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

export interface TestControlPlaneOptions {
  /** As --set: `control.lease.ttlMs=600`. */
  readonly set?: readonly string[];
  readonly telemetry?: Telemetry;
  /** Default: random. */
  readonly incarnation?: string;
}

export async function startTestControlPlane(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const free = ['grpc', 'admin', 'http'].map((name) => `control.${name}.port=0`);
  const service = await startControlPlane({
    config: loadConfig({ set: [...free, ...(options.set ?? [])] }),
    logger: silentLogger(),
    telemetry: options.telemetry ?? noTelemetry,
    clock: systemClock,
    random: Math.random,
    incarnation: options.incarnation ?? randomUUID(),
  });
  const at = (name: string): string => service.addresses[name] ?? '';
  const plain = credentials.createInsecure();
  const nodes = new NodeServiceClient(at('grpc'), plain);
  const planes = new PlaneServiceClient(at('grpc'), plain);
  const admin = new AdminServiceClient(at('admin'), plain);
  return {
    service,
    nodes,
    planes,
    admin,
    async page(path) {
      const response = await fetch(`http://${at('http')}${path}`);
      return { status: response.status, text: await response.text() };
    },
    async close() {
      for (const client of [nodes, planes, admin] satisfies Client[]) client.close();
      await service.close();
    },
  };
}
