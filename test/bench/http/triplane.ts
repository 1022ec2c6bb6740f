import { createHttpPlane } from '../../../http-plane';
import { Protocol } from '../../../proto';
import { loadConfig } from '../../../runtime/config';
import { startTelemetry } from '../../../runtime/telemetry';
import { fakeCore } from '../../support/fake-core';
import { httpNode } from '../../support/http-plane-fixture';

/** Child of the benchmark: the HTTP plane with all features on, traces at 1 % included. Arguments: port of the node, port of the trace sink. */
async function main(nodePort: number, tracePort: number): Promise<void> {
  const telemetry = await startTelemetry({
    serviceName: 'bench',
    instanceId: 'bench',
    traceRatio: 0.01,
    activeSpans: false,
    env: {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${tracePort}`,
    },
  });
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${tracePort}`;
  const core = { ...fakeCore(Protocol.HTTP, [httpNode('app1', nodePort), httpNode('app2', nodePort)]), telemetry };
  const plane = await createHttpPlane(core, { ...loadConfig().http, listen: { host: '127.0.0.1', port: 0 } });
  process.send?.({ port: Number(plane.addresses['http']?.split(':').at(-1)) });
}

void main(Number(process.argv[2]), Number(process.argv[3]));
