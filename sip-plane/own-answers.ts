import type { SipConfig } from '../runtime/config';
import { REJECT_COUNT, Reject, rejectInfo, wire } from './message';
import { statusLine } from './routing';

const NOTHING = Buffer.alloc(0);
/** Nobody could be reached: what the guides' send5xx options are about. */
const SEND_ERRORS: readonly number[] = [Reject.UNREACHABLE, Reject.DESTINATION];

const REASONS: ReadonlyMap<number, string> = new Map([
  [500, 'Server Internal Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Server Time-out'],
]);

export type AnswerSettings = Pick<SipConfig, 'noNodeStatus' | 'sendErrorStatus' | 'errorReason' | 'retryAfterSeconds'>;

/** What requests that are not forwarded are answered with, by reject code. */
export class OwnAnswers {
  readonly #lines: readonly (Buffer | undefined)[];
  readonly #extras: readonly Buffer[];

  constructor(settings: AnswerSettings) {
    const codes = Array.from({ length: REJECT_COUNT }, (_, code) => code);
    this.#lines = codes.map((code) => lineOf(code, settings));
    this.#extras = codes.map((code) => extraOf(code, settings));
  }

  /** The status line; undefined: there is no answer. */
  line(code: number): Buffer | undefined {
    return this.#lines[code];
  }

  /** Whole header lines that belong to it, maybe none. */
  extra(code: number): Buffer {
    return this.#extras[code] ?? NOTHING;
  }
}

function lineOf(code: number, { noNodeStatus, sendErrorStatus }: AnswerSettings): Buffer | undefined {
  const { status, reason } = rejectInfo(code);
  if (code === Reject.NO_NODE) return statusLine(noNodeStatus, reasonOf(noNodeStatus));
  if (!SEND_ERRORS.includes(code)) return statusLine(status, reason);
  return sendErrorStatus === null ? undefined : statusLine(sendErrorStatus, reasonOf(sendErrorStatus));
}

function extraOf(code: number, settings: AnswerSettings): Buffer {
  const { noNodeStatus, sendErrorStatus, errorReason, retryAfterSeconds } = settings;
  const none = code === Reject.NO_NODE;
  if (!none && !SEND_ERRORS.includes(code)) return NOTHING;
  const cause = none ? noNodeStatus : sendErrorStatus;
  const lines = [
    ...(none && retryAfterSeconds > 0 ? [`Retry-After: ${retryAfterSeconds}\r\n`] : []),
    ...(errorReason === null ? [] : [`Reason: SIP;cause=${cause};text="${errorReason}"\r\n`]),
  ];
  return wire(lines.join(''));
}

const reasonOf = (status: number): string => REASONS.get(status) ?? 'Server Failure';
