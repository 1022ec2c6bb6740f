import { SpanKind } from '@opentelemetry/api';
import {
  Protocol,
  ReportAssignmentsResponse,
  ReportNodeSignalsResponse,
  ReportStatsResponse,
  fromMs,
  type Hello,
  type PlaneServiceServer,
  type SubscribeRequest,
  type SubscribeResponse,
} from '../../proto';
import { contextOf, traceparentOf } from '../../runtime/telemetry';
import type { Cause, Subscription } from '../push';
import { Refusal } from '../registry';
import { cutOff } from './node-service';
import type { OpenStream, StreamHandlers } from './open-streams';
import { handler, type ServiceContext } from './service-context';
import { feedPlane } from './session-feed';

/** The kind of the streams that planes subscribe by. */
export const PLANE_STREAMS = 'plane';
const MAX_SIGNALS = 10_000;

/** PlaneService of the contract. */
export function planeService(context: ServiceContext): PlaneServiceServer {
  const { config, stats, streams, counters, sipHeartbeats, sessions, sessionTable, logLevels } = context;
  const reports = counters.counter('control.stats.reports');
  const interval = fromMs(config.statsIntervalMs);
  return {
    subscribe: (call) => streams.open(call, (stream) => new SubscribeStream(context, stream), PLANE_STREAMS),

    reportStats: (call) =>
      streams.open(call, (stream) => ({
        onMessage(report) {
          reports.value += 1;
          if (report.planeId === '') throw new Refusal('INVALID', 'plane_id: expected a name, got an empty text');
          if (!stats.take(report)) throw new Refusal('OUT_OF_ORDER', 'a newer process has taken this plane_id');
          stream.send(ReportStatsResponse.create({ interval, logLevel: logLevels.take(report.planeId) }));
        },
      })),

    watchAssignments: (call) => streams.open(call, (stream) => feedPlane(sessionTable, stream)),

    reportAssignments: handler(context, 'PlaneService/ReportAssignments', ({ assignments }) => {
      sessions.report(assignments);
      return ReportAssignmentsResponse.create({});
    }),

    reportNodeSignals: handler(context, 'PlaneService/ReportNodeSignals', async ({ sipHeartbeats: signals }, call) => {
      const traceparent = traceparentOf(call.span);
      await Promise.all(signals.slice(0, MAX_SIGNALS).map((signal) => sipHeartbeats.take(signal, traceparent)));
      return ReportNodeSignalsResponse.create({});
    }),
  };
}

/** One Subscribe stream: waits for the Hello, then hands answers to the subscription. */
class SubscribeStream implements StreamHandlers<SubscribeRequest> {
  readonly #context: ServiceContext;
  readonly #stream: OpenStream<SubscribeResponse>;
  #subscription: Subscription | undefined;

  constructor(context: ServiceContext, stream: OpenStream<SubscribeResponse>) {
    this.#context = context;
    this.#stream = stream;
  }

  onMessage({ message }: SubscribeRequest): void {
    switch (message?.$case) {
      case 'hello':
        this.#hello(message.value);
        return;
      case 'ack':
        this.#subscribed().ack(message.value.nonce);
        this.#count('acks');
        return;
      case 'nack':
        this.#subscribed().nack(message.value);
        this.#count('nacks');
        return;
      case undefined:
        throw new Refusal('INVALID', 'expected hello, ack or nack, got an empty message');
    }
  }

  onClose(): void {
    if (this.#subscription !== undefined) this.#context.hub.leave(this.#subscription);
  }

  #hello(hello: Hello): void {
    if (this.#subscription !== undefined) throw new Refusal('OUT_OF_ORDER', 'expected an answer, got a second hello');
    if (hello.protocol === Protocol.UNSPECIFIED || hello.protocol === Protocol.UNRECOGNIZED) {
      throw new Refusal('INVALID', 'hello.protocol: expected SIP, HTTP or SMPP', { field: 'hello.protocol' });
    }
    if (this.#context.isBehind()) throw cutOff();
    this.#subscription = this.#context.hub.subscribe(hello, {
      send: (response, cause) => this.#push(hello, response, cause),
      onSilent: () => this.#stream.fail(new Refusal('PLANE_SILENT', 'no answer to a response for 60 s')),
      onNewLineage: () =>
        this.#stream.fail(new Refusal('NEW_LINEAGE', 'the cluster has a new lineage; subscribe again')),
      onReplaced: () =>
        this.#stream.fail(new Refusal('PLANE_REPLACED', 'another stream has taken over for this plane_id')),
    });
  }

  #subscribed(): Subscription {
    if (this.#subscription === undefined) throw new Refusal('OUT_OF_ORDER', 'expected hello first');
    return this.#subscription;
  }

  /** A short span per push carries the trace of the change on to the plane. */
  #push(hello: Hello, response: SubscribeResponse, cause: Cause | undefined): void {
    const span = this.#context.telemetry.tracer.startSpan(
      'control.push',
      {
        kind: SpanKind.PRODUCER,
        attributes: {
          'triplane.plane.id': hello.planeId,
          'triplane.revision': response.revision?.index ?? 0,
          'triplane.push': response.content?.$case ?? '',
        },
      },
      contextOf(cause?.traceparent),
    );
    this.#stream.send({ ...response, traceparent: traceparentOf(span) });
    this.#count('pushes');
    span.end();
  }

  #count(what: string): void {
    this.#context.counters.counter(`control.planes.${what}`).value += 1;
  }
}
