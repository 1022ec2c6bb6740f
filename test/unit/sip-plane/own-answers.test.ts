import { Reject } from '../../../sip-plane/message';
import { OwnAnswers, type AnswerSettings } from '../../../sip-plane/own-answers';

const answers = (change: Partial<AnswerSettings> = {}): OwnAnswers =>
  new OwnAnswers({ noNodeStatus: 503, sendErrorStatus: 503, errorReason: null, retryAfterSeconds: 5, ...change });
const lineOf = (own: OwnAnswers, code: number): string | undefined => own.line(code)?.toString().trim();

describe("the guides' 5xx options", () => {
  it.each([Reject.UNREACHABLE, Reject.DESTINATION])('answer what could not be sent (%i) as chosen', (code) => {
    const own = answers({ sendErrorStatus: 504, errorReason: 'Destination not available' });
    expect(lineOf(own, code)).toBe('SIP/2.0 504 Server Time-out');
    expect(own.extra(code).toString()).toBe('Reason: SIP;cause=504;text="Destination not available"\r\n');
  });

  it('leave what could not be sent without an answer, and nothing else', () => {
    const own = answers({ sendErrorStatus: null });
    expect(lineOf(own, Reject.UNREACHABLE)).toBeUndefined();
    expect(lineOf(own, Reject.DESTINATION)).toBeUndefined();
    expect(lineOf(own, Reject.NO_NODE)).toBe('SIP/2.0 503 Service Unavailable');
  });

  it('say when to come again only where no node was there', () => {
    const own = answers();
    expect(own.extra(Reject.NO_NODE).toString()).toBe('Retry-After: 5\r\n');
    expect(own.extra(Reject.UNREACHABLE)).toHaveLength(0);
  });

  it('do not touch the answers that the RFC fixes', () => {
    const own = answers({ noNodeStatus: 500, sendErrorStatus: 504, errorReason: 'x' });
    expect(lineOf(own, Reject.TOO_LARGE)).toBe(lineOf(answers(), Reject.TOO_LARGE));
    expect(own.extra(Reject.TOO_LARGE)).toHaveLength(0);
  });
});
