import { createHash } from 'node:crypto';
import { SpanKind, SpanStatusCode, type Context, type Span } from '@opentelemetry/api';
import type { PlaneCore } from '../../data-plane';
import { TRAFFIC, contextOf, sampledParent, traceIdInRatio } from '../../runtime/telemetry';
import { HeaderKind, Method, type MessageView } from '../message';
import type { Arrival, Decision } from '../routing';

const MAX_OPEN = 10_000;
/** Longer than a transaction lives without a final response. */
const MAX_OPEN_MS = 200_000;

interface Open {
  readonly span: Span;
  readonly sinceMs: number;
}

/** The identity of a transaction, for matching a response with its request. */
export interface TransactionKey {
  readonly hi: number;
  readonly lo: number;
}

/** What a request's transaction is known by. */
interface TransactionIds {
  readonly key: TransactionKey;
  /** Hash of the Call-ID. */
  readonly call: TransactionKey;
}

/**
 * One span per INVITE transaction, from request to final response. Its trace is the one that the message names (Traceparent, else
 * Session-ID of RFC 7989), else one made of the Call-ID, so that every hop joins the same trace and samples alike. Bounded.
 */
export class InviteSpans {
  readonly #core: PlaneCore;
  readonly #open = new Map<number, Open>();

  constructor(core: PlaneCore) {
    this.#core = core;
  }

  get open(): number {
    return this.#open.size;
  }

  /** An INVITE goes to its target. */
  forwarded(view: MessageView, { listener }: Arrival, decision: Decision, transaction: TransactionIds): void {
    if (view.method !== Method.INVITE || this.#open.size >= MAX_OPEN) return;
    const parent = this.#parent(view, transaction.call);
    if (parent === undefined) return;
    const key = numberOf(transaction.key);
    // A retransmission.
    if (this.#open.has(key)) return;
    const { tracer } = this.#core.telemetry;
    const attributes = {
      [TRAFFIC]: true,
      'sip.call_id': view.callId,
      'sip.leg': listener.leg,
      'sip.in_dialog': view.inDialog,
      'triplane.node.id': decision.node?.id ?? '',
      'server.address': decision.target?.host ?? '',
      'server.port': decision.target?.port ?? 0,
    };
    const span = tracer.startSpan('SIP INVITE', { kind: SpanKind.SERVER, attributes }, parent);
    this.#open.set(key, { span, sinceMs: this.#core.clock.now() });
  }

  /** A response to an INVITE passes; a final one ends its span. */
  answered(view: MessageView, key: TransactionKey): void {
    if (view.cseqMethod !== Method.INVITE) return;
    const number = numberOf(key);
    const open = this.#open.get(number);
    if (open === undefined) return;
    if (view.status < 200) {
      open.span.addEvent(`${view.status}`);
      return;
    }
    open.span.setAttribute('sip.status_code', view.status);
    if (view.status >= 500) open.span.setStatus({ code: SpanStatusCode.ERROR });
    open.span.end();
    this.#open.delete(number);
  }

  /** Ends spans that got no final response; called by a timer. */
  expire(nowMs: number): void {
    for (const [key, { span, sinceMs }] of this.#open) {
      if (nowMs - sinceMs <= MAX_OPEN_MS) return;
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no final response' });
      span.end();
      this.#open.delete(key);
    }
  }

  /** Ends all spans. */
  close(): void {
    for (const { span } of this.#open.values()) span.end();
    this.#open.clear();
  }

  /** Undefined: not sampled. The cheap questions come first: 99 of 100 calls end here. */
  #parent(view: MessageView, call: TransactionKey): Context | undefined {
    const traceparent = headerText(view, HeaderKind.TRACEPARENT);
    if (traceparent !== '') return contextOf(traceparent);
    const { traceRatio } = this.#core.telemetry;
    const sessionId = headerText(view, HeaderKind.SESSION_ID);
    const session = sessionId === '' ? undefined : /^[0-9a-f]{32}/.exec(sessionId)?.[0];
    if (session !== undefined) return traceIdInRatio(session, traceRatio) ? sampledParent(session) : undefined;
    if (call.lo >= traceRatio * 0x1_0000_0000) return undefined;
    return sampledParent(createHash('sha256').update(view.callId).digest('hex').slice(0, 32));
  }
}

function headerText(view: MessageView, kind: number): string {
  const index = view.header(kind);
  return index < 0 ? '' : view.text(view.valueStart(index), view.valueEnd(index));
}

/** 53 of the 64 bits, as a number. */
const numberOf = ({ hi, lo }: TransactionKey): number => hi * 0x20_0000 + (lo >>> 11);
