import { newNodeLive, type PlaneNode } from '../../../../data-plane';
import { CallTable, NodeSlots } from '../../../../sip-plane/affinity';
import { planeNode } from '../../../support/plane-nodes';

describe('the table of calls', () => {
  let app1: PlaneNode;
  let app2: PlaneNode;
  let slots: NodeSlots;
  let calls: CallTable;

  beforeEach(() => {
    app1 = planeNode('app1');
    app2 = planeNode('app2');
    slots = new NodeSlots();
    calls = new CallTable({ capacity: 4, maxIdleMs: 10_000 }, slots);
  });

  it('counts a call at its node from the answer to the BYE, retransmissions once', () => {
    calls.routed(1, 1, app1, false, 0);
    expect(app1.live.activeSessions).toBe(0);
    calls.answered(1, 1, 10);
    calls.answered(1, 1, 20);
    expect(app1.live.activeSessions).toBe(1);
    calls.ended(1, 1, 30);
    calls.ended(1, 1, 40);
    expect(app1.live.activeSessions).toBe(0);
    expect(calls.find(1, 1, 50)).toBe(app1);
  });

  it('an answer that is retransmitted after the BYE does not bring the call back', () => {
    calls.routed(1, 1, app1, false, 0);
    calls.answered(1, 1, 10);
    calls.ended(1, 1, 20);
    calls.answered(1, 1, 30);
    expect(calls.live).toBe(0);
  });

  it('moves the count with a call that fails over, and remembers that it moved', () => {
    calls.routed(1, 1, app1, false, 0);
    calls.answered(1, 1, 10);
    calls.routed(1, 1, app2, true, 20);
    expect([app1.live.activeSessions, app2.live.activeSessions]).toEqual([0, 1]);
    expect(calls.find(1, 1, 30)).toBe(app2);
    expect(calls.moved).toBe(true);
  });

  it('lets silent calls go', () => {
    calls.routed(1, 1, app1, false, 0);
    calls.answered(1, 1, 0);
    calls.expire(10_001);
    expect(app1.live.activeSessions).toBe(0);
    expect(calls.find(1, 1, 10_001)).toBeUndefined();
  });

  it('never holds more than its capacity, and counts those that it lets go as ended', () => {
    for (let i = 0; i < 20; i += 1) {
      calls.routed(i, i, app1, false, i);
      calls.answered(i, i, i);
    }
    expect(calls.live).toBe(4);
    expect(app1.live.activeSessions).toBe(4);
  });

  it('writes its counts into new counters of the same node', () => {
    calls.routed(1, 1, app1, false, 0);
    calls.answered(1, 1, 0);
    const again = { ...app1, live: newNodeLive() };
    slots.of(again);
    calls.recount();
    expect(again.live.activeSessions).toBe(1);
  });
});
