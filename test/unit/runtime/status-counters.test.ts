import { Counters } from '../../../runtime/counters';
import { StatusCounters } from '../../../runtime/status-counters';

test('answers are counted by code, codes of no protocol together', () => {
  const counters = new Counters();
  const responses = new StatusCounters(counters, 'sip.external.responses');
  for (const status of [100, 200, 200, 699, 99, 700, 7_000_000]) responses.count(status);
  expect(Object.fromEntries(counters.snapshotCounters())).toEqual({
    'sip.external.responses.100': 1,
    'sip.external.responses.200': 2,
    'sip.external.responses.699': 1,
    'sip.external.responses.OTHER': 3,
  });
});
