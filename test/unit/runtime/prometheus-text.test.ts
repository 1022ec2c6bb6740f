import { Counters } from '../../../runtime/counters';
import { prometheusText, type FigureSet } from '../../../runtime/prometheus-text';

const setOf = (invites: number, calls: number, labels: Record<string, string> = {}): FigureSet => {
  const counters = new Counters();
  counters.counter('sip.external.requests.INVITE').value = invites;
  counters.gauge('sip.calls', () => calls);
  return { labels, counters: counters.snapshotCounters(), gauges: counters.snapshotGauges() };
};

describe('prometheusText', () => {
  it('shows counters with _total and gauges as they are', () => {
    const text = prometheusText([setOf(3, 7)]);
    expect(text).toContain('# TYPE triplane_sip_external_requests_INVITE_total counter');
    expect(text).toMatch(/^triplane_sip_external_requests_INVITE_total 3$/m);
    expect(text).toMatch(/^triplane_sip_calls 7$/m);
  });

  it('shows one figure of several workers as one metric with a label', () => {
    const text = prometheusText([setOf(3, 7, { worker: '1' }), setOf(4, 8, { worker: '2' })]);
    expect(text.match(/# TYPE triplane_sip_external_requests_INVITE_total/g)).toHaveLength(1);
    expect(text).toMatch(/^triplane_sip_external_requests_INVITE_total\{worker="1"\} 3$/m);
    expect(text).toMatch(/^triplane_sip_external_requests_INVITE_total\{worker="2"\} 4$/m);
    expect(text).toMatch(/^triplane_sip_calls\{worker="2"\} 8$/m);
  });
});
