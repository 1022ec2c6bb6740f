import { credentials, loadPackageDefinition, type Client, type ServiceError } from '@grpc/grpc-js';
import { InMemorySpanExporter, SimpleSpanProcessor, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { protoPath } from 'grpc-health-check';
import { loadSync } from '@grpc/proto-loader';
import { startControlPlane } from '../../control-plane';
import { Endpoint, Node, Protocol, RegisterRequest, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { loadConfig } from '../../runtime/config';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry, type Telemetry } from '../../runtime/telemetry';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { shownBy } from '../support/fake-browser';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

let control: TestControlPlane | undefined;

afterEach(async () => {
  await control?.close();
  control = undefined;
});

const context = (set: string[]) => ({
  config: loadConfig({ set }),
  logger: silentLogger(),
  telemetry: noTelemetry,
  clock: systemClock,
  random: Math.random,
  incarnation: 'test',
});

function register(nodeId: string, on: TestControlPlane, call = {}): Promise<unknown> {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] });
  return callUnary(on.nodes, on.nodes.register, RegisterRequest.create({ node }), call);
}

describe('the HTTP face', () => {
  it('says that it is alive and ready, and serves its figures', async () => {
    control = await startTestControlPlane();
    await register('app1', control);
    expect((await control.page('/healthz')).status).toBe(200);
    expect((await control.page('/readyz')).status).toBe(200);
    expect((await control.page('/metrics')).text).toContain('triplane_control_nodes 1');
    expect((await control.page('/nothing')).text).toContain('/lbstat /lbinfo');
  });

  it('shows who is there on /lbinfo, and no secret', async () => {
    control = await startTestControlPlane();
    await register('app1', control);
    const plane = new FakePlane(control.planes, { planeId: 'sip-1' });
    await until('the snapshot is there', () => plane.got.length === 1);
    plane.ack();
    const { text } = await control.page('/lbinfo');
    plane.close();
    const page = JSON.parse(text) as Record<string, unknown>;
    expect(page).toMatchObject({
      'Nodes info': { nodesIPv4: [{ hostName: 'app1', ip: '127.0.0.1', properties: { udpPort: '5080' }, bad: false }] },
      nodes: [{ nodeId: 'app1', state: 'ACTIVE', source: 'grpc', endpoints: ['sip/udp 127.0.0.1:5080'] }],
      planes: [{ planeId: 'sip-1', connected: true }],
    });
    const content = plane.last.content;
    const key = content?.$case === 'snapshot' ? content.value.settings?.hintKeys[0]?.secret : undefined;
    expect(key).toHaveLength(32);
    expect(text).not.toContain(key?.toString('base64'));
    expect(text).not.toContain(key?.toString('hex'));
  });
});

describe('the dashboard', () => {
  it('shows nodes, planes and figures, and lets nothing but its own script run', async () => {
    control = await startTestControlPlane();
    await register('app1', control);
    const plane = new FakePlane(control.planes, { planeId: 'sip-1' });
    await until('the snapshot is there', () => plane.got.length === 1);
    const answer = await fetch(`http://${control.service.addresses['http']}/`);
    const page = await shownBy(await answer.text(), control.page);
    plane.close();
    expect(page['nodes']).toMatch(/^app1\|ACTIVE\|default\|100\|0\|0\|0\|[\d.]+\|sip\/udp 127\.0\.0\.1:5080$/);
    expect(page['planes']).toMatch(/^sip-1\|SIP\|CONNECTED\|- of \d+\|-$/);
    expect(page['figures']).toContain('SIP requests|0');
    expect(page['notes']).toBe('');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'sha256-/);
  });
});

describe('a control plane', () => {
  it('answers health checks for each of its services', async () => {
    control = await startTestControlPlane();
    const definition = loadPackageDefinition(loadSync(protoPath)) as unknown as {
      grpc: { health: { v1: { Health: new (...args: unknown[]) => Client } } };
    };
    const health = new definition.grpc.health.v1.Health(
      control.service.addresses['grpc'],
      credentials.createInsecure(),
    ) as Client & {
      check(
        request: { service: string },
        callback: (error: ServiceError | null, response: { status: string | number }) => void,
      ): void;
    };
    try {
      for (const service of ['', 'triplane.v1.NodeService', 'triplane.v1.PlaneService']) {
        const answer = await new Promise<unknown>((resolve, reject) => {
          health.check({ service }, (error, response) => (error === null ? resolve(response.status) : reject(error)));
        });
        expect(['SERVING', 1]).toContain(answer);
      }
    } finally {
      health.close();
    }
  });

  it('refuses to serve plain text where others can reach it, unless told', async () => {
    await expect(
      startControlPlane(context(['control.grpc.host=0.0.0.0', 'control.grpc.port=0'])),
    ).rejects.toMatchObject({
      code: 'INSECURE_REFUSED',
    });
  });

  it('names the listener whose port is in use, and leaves none open', async () => {
    control = await startTestControlPlane();
    const taken = control.service.addresses['admin']?.split(':')[1] ?? '';
    const set = ['control.grpc.port=0', `control.admin.port=${taken}`, 'control.http.port=0'];
    await expect(startControlPlane(context(set))).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining('control plane admin gRPC') as string,
    });
  });

  it('closes within its grace though streams are open, twice without fault', async () => {
    const plane = await startTestControlPlane();
    const stream = new FakePlane(plane.planes, {});
    await until('the snapshot is there', () => stream.got.length === 1);
    const before = performance.now();
    await plane.close();
    await plane.service.close();
    expect(performance.now() - before).toBeLessThan(2500);
  });
});

describe('a registration', () => {
  it('is one trace from the caller through the push to the plane', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer('test');
    const telemetry: Telemetry = { tracer, enabled: true, traceRatio: 1, close: () => provider.shutdown() };
    control = await startTestControlPlane({ telemetry });
    const plane = new FakePlane(control.planes, {});
    await until('the snapshot is there', () => plane.got.length === 1);
    plane.ack();
    const span = tracer.startSpan('node.register');
    await register('app1', control, { span });
    span.end();
    await until('the delta is there', () => plane.got.length === 2);
    plane.close();
    const { traceId } = span.spanContext();
    const spans = exporter.getFinishedSpans().filter((found) => found.spanContext().traceId === traceId);
    const find = (name: string) => spans.find((found) => found.name === name);
    const served = find('triplane.v1.NodeService/Register');
    const push = find('control.push');
    expect(served?.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
    expect(push?.parentSpanContext?.spanId).toBe(served?.spanContext().spanId);
    expect(plane.last.traceparent).toBe(`00-${traceId}-${push?.spanContext().spanId}-01`);
    await provider.shutdown();
  });
});
