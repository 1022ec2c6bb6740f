import { Reject } from '../../../../sip-plane/message';
import { Action, Drop } from '../../../../sip-plane/routing';
import { app1, clientVia, inside } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request } from '../../../support/sip-messages';

describe('validation', () => {
  const plane = new DeciderFixture([app1]);

  it.each([
    ['VAL-7: Max-Forwards 0', request({ maxForwards: '0' }), Reject.MAX_FORWARDS],
    ['VAL-8: Max-Forwards 0 in OPTIONS', request({ method: 'OPTIONS', maxForwards: '0' }), Reject.MAX_FORWARDS],
    ['VAL-12: Proxy-Require', request({ extra: ['Proxy-Require: nothingSupportsThis'] }), Reject.PROXY_REQUIRE],
    ['VAL-3: a Route that cannot be read', request({ extra: ['Route: <sip:x'] }), Reject.ROUTE],
    ['VAL-4: an unknown scheme', request({ uri: 'soap.beep://192.0.2.103:3002' }), Reject.SCHEME],
  ])('%s is refused', (_, text, reject) => {
    const decision = plane.decide(text);
    expect(decision.action).toBe(Action.REJECT);
    expect(decision.reject).toBe(reject);
  });

  it.each([
    ['VAL-5: adds Max-Forwards 70 when there is none', '', '70'],
    ['VAL-6: takes one off Max-Forwards', '70', '69'],
    ['VAL-6: passes 1 as 0', '1', '0'],
    ['VAL-9: treats a value above 255 as absent', '256', '70'],
    ['VAL-9: treats a value that is no number as absent', 'x', '70'],
    ['VAL-6: reads leading zeros', '0068', '67'],
  ])('%s', (_, maxForwards, expected) => {
    expect(headers(plane.forward(request({ maxForwards })), 'Max-Forwards')).toEqual([expected]);
  });

  it('VAL-12: never looks at Require', () => {
    expect(plane.decide(request({ extra: ['Require: 100rel'] })).action).toBe(Action.FORWARD);
  });

  it('VAL-10, VAL-11: knows a loop from a spiral', () => {
    const once = plane.forward(request());
    expect(plane.decide(once).reject).toBe(Reject.LOOP);
    expect(plane.decide(once.replace('sip:bob@example.com SIP', 'sip:carol@example.com SIP')).action).toBe(
      Action.FORWARD,
    );
    expect(plane.decide(once, inside).reject).not.toBe(Reject.LOOP);
  });

  it('VAL-16: forwards merged requests', () => {
    expect(plane.decide(request({ via: clientVia('z9hG4bKm1') })).action).toBe(Action.FORWARD);
    expect(plane.decide(request({ via: clientVia('z9hG4bKm2') })).action).toBe(Action.FORWARD);
  });

  it('never answers an ACK', () => {
    const decision = plane.decide(request({ method: 'ACK', maxForwards: '0' }));
    expect(decision.action).toBe(Action.DROP);
    expect(decision.drop).toBe(Drop.ACK);
  });

  it('RT-15: passes Max-Breadth as it came', () => {
    expect(plane.forward(request({ extra: ['Max-Breadth: 60'] }))).toContain('\r\nMax-Breadth: 60\r\n');
  });
});
