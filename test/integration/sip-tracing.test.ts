import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Protocol } from '../../proto';
import { createSipPlane } from '../../sip-plane';
import { fakeCore } from '../support/fake-core';
import { request, responseTo } from '../support/sip-messages';
import { UdpAgent, sipConfig, sipNode } from '../support/sip-plane-fixture';
import { until } from '../support/until';

describe('traces of INVITE transactions', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

  /** Runs INVITEs with these header lines to their final answers and gives back the spans. */
  async function spansOf(
    traceRatio: number,
    extras: readonly (readonly string[])[],
    status = '200 OK',
  ): Promise<ReturnType<typeof exporter.getFinishedSpans>> {
    exporter.reset();
    const node = await UdpAgent.start();
    const client = await UdpAgent.start();
    const telemetry = { tracer: provider.getTracer('test'), enabled: true, traceRatio, close: async () => {} };
    const core = Object.assign(fakeCore(Protocol.SIP, [sipNode('app1', { udp: node.port })]), { telemetry });
    const plane = await createSipPlane(core, sipConfig());
    const portOf = (name: string): number => Number(plane.addresses[name]?.split(':').pop());
    for (const [i, extra] of extras.entries()) {
      const text = request({ callId: `traced${i}`, via: `UDP 127.0.0.1:${client.port};branch=z9hG4bK${i}`, extra });
      client.send(text, portOf('external.udp'));
      const invite = await node.next();
      client.send(text, portOf('external.udp'));
      await node.next();
      for (const line of ['180 Ringing', status]) node.send(responseTo(invite, line), portOf('internal.udp'));
    }
    await until('all were answered', () => client.received.length === extras.length * 2);
    await plane.close();
    client.close();
    node.close();
    return exporter.getFinishedSpans();
  }

  const traceId = '0af7651916cd43dd8448eb211c80319c';

  it.each([
    ['Traceparent', `Traceparent: 00-${traceId}-b7ad6b7169203331-01`],
    ['Session-ID', `Session-ID: ${traceId};remote=00000000000000000000000000000000`],
  ])('join the trace that %s names, one span for the transaction however often it is sent', async (_, line) => {
    const spans = await spansOf(1, [[line]], '486 Busy Here');
    expect(spans).toHaveLength(1);
    expect(spans[0]?.spanContext().traceId).toBe(traceId);
    expect(spans[0]?.attributes).toMatchObject({
      'sip.call_id': 'traced0',
      'sip.status_code': 486,
      'triplane.node.id': 'app1',
    });
    expect(spans[0]?.events.map(({ name }) => name)).toEqual(['180']);
  });

  it('take a hash of Call-ID otherwise, so that every hop has the same trace and the same share of them', async () => {
    const calls = Array.from({ length: 16 }, () => []);
    const all = await spansOf(1, calls);
    expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(16);
    const half = await spansOf(0.5, calls);
    expect(half.length).toBeGreaterThan(1);
    expect(half.length).toBeLessThan(16);
    const again = await spansOf(0.5, calls);
    const ids = (spans: typeof half): string[] => spans.map((span) => span.spanContext().traceId).toSorted();
    expect(ids(again)).toEqual(ids(half));
  });

  it('are none at ratio 0', async () => {
    expect(await spansOf(0, [[]])).toEqual([]);
  });
});
