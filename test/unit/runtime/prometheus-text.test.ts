import { Counters } from '../../../runtime/counters';
import { prometheusText } from '../../../runtime/prometheus-text';

describe('prometheusText', () => {
  it('shows counters with _total and gauges as they are', () => {
    const counters = new Counters();
    counters.counter('sip.external.requests.INVITE').value = 3;
    counters.gauge('sip.calls', () => 7);
    const text = prometheusText(counters);
    expect(text).toContain('# TYPE triplane_sip_external_requests_INVITE_total counter');
    expect(text).toMatch(/^triplane_sip_external_requests_INVITE_total 3$/m);
    expect(text).toMatch(/^triplane_sip_calls 7$/m);
  });
});
