import { startControlPlane } from '../../control-plane';
import { AdminServiceClient, NodeServiceClient, PlaneServiceClient } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { Dialer, type DialSettings } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import type { Service } from '../../runtime/service';
import { noTelemetry } from '../../runtime/telemetry';
import { logLines, type LogLines } from './log-lines';

/** What one caller sees of a control plane. */
export interface Caller {
  readonly nodes: NodeServiceClient;
  readonly planes: PlaneServiceClient;
  readonly admin: AdminServiceClient;
}

/** A control plane in this process whose doors ask who calls. */
export interface SecuredControlPlane {
  readonly service: Service;
  readonly log: LogLines;
  /** Clients that show what the settings say; closed with the control plane. */
  as(settings: Partial<DialSettings>): Caller;
  page(path: string): Promise<string>;
  close(): Promise<void>;
}

/** `set`: as --set, `control.auth.tokensFile=...`. */
export async function startSecuredControlPlane(set: readonly string[]): Promise<SecuredControlPlane> {
  const free = ['grpc', 'admin', 'http'].map((name) => `control.${name}.port=0`);
  const log = logLines();
  const service = await startControlPlane({
    config: loadConfig({ set: [...free, ...set] }),
    logger: log.logger,
    telemetry: noTelemetry,
    clock: systemClock,
    random: Math.random,
    incarnation: 'test',
  });
  const opened: { close(): void }[] = [];
  const at = (name: string): string => service.addresses[name] ?? '';
  return {
    service,
    log,
    as(settings) {
      const dialer = new Dialer({
        settings: { insecure: false, ...settings },
        clock: systemClock,
        logger: silentLogger(),
      });
      const nodes = dialer.client(NodeServiceClient, at('grpc'));
      const planes = dialer.client(PlaneServiceClient, at('grpc'));
      const admin = dialer.client(AdminServiceClient, at('admin'));
      opened.push(nodes, planes, admin, dialer);
      return { nodes, planes, admin };
    },
    page: async (path) => (await fetch(`http://${at('http')}${path}`)).text(),
    async close() {
      for (const one of opened) one.close();
      await service.close();
    },
  };
}
