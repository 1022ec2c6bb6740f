import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Protocol } from '../../proto';
import { fakeCore } from '../support/fake-core';
import { RawSmsc, boundEsme, rawPdu } from '../support/smpp-peer';
import { smscNode, startTestPlane } from '../support/smpp-plane';
import { until } from '../support/until';

test.each([
  [1, 20, 20],
  [0, 0, 0],
  [0.5, 1, 19],
])(
  'at ratio %d of 20 submit_sm between %d and %d are one span each, from request to answer',
  async (traceRatio, least, most) => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const smsc = await RawSmsc.start();
    smsc.onRequest = ({ command, sequence }, from) =>
      from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence, { status: sequence % 2 === 0 ? 0 : 0x58 }));
    const core = fakeCore(Protocol.SMPP, [smscNode('smsc1', smsc)]);
    const telemetry = { tracer: provider.getTracer('test'), enabled: true, traceRatio, close: async () => {} };
    const plane = await startTestPlane([], {}, Object.assign(core, { telemetry, random: () => 0.37 }));
    const esme = await boundEsme(plane.address, 'acme');
    esme.send(...Array.from({ length: 20 }, (_, i) => rawPdu(0x04, i + 2)), rawPdu(0x103, 50));
    await until('all is answered', () => esme.got.length === 22);
    const spans = exporter.getFinishedSpans();
    expect(spans.length).toBeGreaterThanOrEqual(least);
    expect(spans.length).toBeLessThanOrEqual(most);
    for (const span of spans) {
      const sequence = Number(span.attributes['smpp.sequence_number']);
      expect(span.name).toBe('submit_sm');
      expect(span.attributes).toMatchObject({ 'smpp.system_id': 'acme', 'triplane.node.id': 'smsc1' });
      expect(span.attributes['smpp.command_status']).toBe(sequence % 2 === 0 ? 0 : 0x58);
    }
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(spans.length);
    esme.destroy();
    await plane.close();
    await smsc.close();
  },
);

test('a traced submit_sm whose SMSC is lost ends its span with an error', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const smsc = await RawSmsc.start();
  smsc.onRequest = () => void smsc.kill();
  const core = fakeCore(Protocol.SMPP, [smscNode('smsc1', smsc)]);
  const telemetry = { tracer: provider.getTracer('test'), enabled: true, traceRatio: 1, close: async () => {} };
  const plane = await startTestPlane([], {}, Object.assign(core, { telemetry }));
  const esme = await boundEsme(plane.address);
  expect((await esme.ask(0x04, 9)).status).toBe(8);
  expect(exporter.getFinishedSpans().map(({ attributes }) => attributes['smpp.command_status'])).toEqual([8]);
  esme.destroy();
  await plane.close();
});
