import { SpanStatusCode } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Protocol, Transport } from '../../../../proto';
import { InviteSpans } from '../../../../sip-plane/telemetry';
import { Listener } from '../../../../sip-plane/transport';
import { fakeCore } from '../../../support/fake-core';
import { DeciderFixture } from '../../../support/sip-decider';
import { request } from '../../../support/sip-messages';

const MAX_OPEN = 10_000;
const MAX_OPEN_MS = 200_000;

/** As of calls of nodes, whose answers may pass at another worker. */
it('spans of INVITEs whose final answer never passes here are bounded, and end by themselves', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const telemetry = { tracer: provider.getTracer('test'), enabled: true, traceRatio: 1, close: async () => {} };
  const plane = new DeciderFixture([]);
  const spans = new InviteSpans(Object.assign(fakeCore(Protocol.SIP, [], plane.clock), { telemetry }));
  const listener = new Listener(0, 'internal', Transport.UDP, '10.0.0.1', 5065);
  const arrival = { listener, peer: plane.peers.ofText('10.0.0.11', 5060), connection: undefined };
  const decision = plane.decide(request());
  const invite = (hi: number): void =>
    spans.forwarded(plane.view, arrival, decision, { key: { hi, lo: 0 }, call: { hi, lo: 0 } });

  for (let i = 0; i < MAX_OPEN + 5; i += 1) invite(i);
  expect(spans.open).toBe(MAX_OPEN);
  plane.clock.advance(MAX_OPEN_MS);
  spans.expire(plane.clock.now());
  expect(spans.open).toBe(MAX_OPEN);
  plane.clock.advance(1);
  spans.expire(plane.clock.now());
  expect(spans.open).toBe(0);
  expect(exporter.getFinishedSpans()).toHaveLength(MAX_OPEN);
  expect(exporter.getFinishedSpans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
  invite(MAX_OPEN + 5);
  expect(spans.open).toBe(1);
});
