import { OtlpCollector } from '../support/otlp-collector';
import { Cluster } from '../support/processes';
import { SipClient, SipServer } from '../support/sip-endpoints';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

describe('traces over OTLP', () => {
  let collector: OtlpCollector;
  let cluster: Cluster;
  let sipNode: SipServer;
  let webNode: WebNode;

  beforeAll(async () => {
    collector = await OtlpCollector.start();
    cluster = await new Cluster({ set: ['telemetry.traceRatio=1'], env: collector.env }).start();
    sipNode = await SipServer.start();
    webNode = await WebNode.start('web');
    await cluster.startNode('app', '--sip-udp', `${sipNode.port}`, '--http', `${webNode.port}`);
  }, 60_000);

  afterAll(async () => {
    sipNode.close();
    webNode.close();
    await cluster.close();
    collector.close();
  });

  it('are one from Register through commit and push to apply in each plane', async () => {
    const register = await until('the registration was traced', () =>
      collector.spans.find(
        ({ service, name }) => service === 'triplane-control-plane' && name === 'triplane.v1.NodeService/Register',
      ),
    );
    const services = (): string[] =>
      [
        ...new Set(
          collector
            .named('plane.apply')
            .filter(({ traceId }) => traceId === register.traceId)
            .map(({ service }) => service),
        ),
      ].toSorted();
    await until('all planes applied it in the same trace', () => services().length === 3);
    expect(services()).toEqual(['triplane-http-plane', 'triplane-sip-plane', 'triplane-smpp-plane']);
    const pushes = collector.spans.filter(
      ({ name, traceId }) => name === 'control.push' && traceId === register.traceId,
    );
    expect(pushes.length).toBe(3);
  }, 20_000);

  it('show one span for a call, and the trace id that every hop computes from the Call-ID', async () => {
    const client = await SipClient.start(cluster.sip.addresses['external.udp'] ?? '');
    const dialog = await client.call();
    client.close();
    expect(dialog).toBeDefined();
    await until('the call was traced', () =>
      collector.spans.some(({ service, name }) => service === 'triplane-sip-plane' && name.includes('INVITE')),
    );
    expect(
      collector.spans.filter(({ service, name }) => service === 'triplane-sip-plane' && name.includes('INVITE')).length,
    ).toBe(1);
  }, 20_000);

  it('show one span for an HTTP request, joined to the trace of the client', async () => {
    const traceId = 'ab'.repeat(16);
    await fetch(`http://${cluster.http.addresses['http']}/`, {
      headers: { traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` },
    });
    const span = await until('the request was traced', () => collector.spans.find((one) => one.traceId === traceId));
    expect(span).toMatchObject({ service: 'triplane-http-plane', parentSpanId: 'cd'.repeat(8) });
  }, 20_000);
});
