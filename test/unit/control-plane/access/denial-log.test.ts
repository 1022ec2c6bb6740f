import { DenialLog } from '../../../../control-plane/access/denial-log';
import { Counters } from '../../../../runtime/counters';
import { FakeClock } from '../../../support/fake-clock';
import { logLines } from '../../../support/log-lines';

test('a flood of refusals is counted in full and logged in part', () => {
  const clock = new FakeClock();
  const counters = new Counters();
  const { logger, lines } = logLines();
  const log = new DenialLog({ clock, counters, logger });
  const call = { method: 'triplane.v1.AdminService/DrainNode', peer: '192.0.2.7:1234', who: undefined };
  for (let i = 0; i < 1000; i += 1) log.note(call, { reason: 'TOKEN_UNKNOWN', message: 'the token is not known here' });
  expect(lines).toHaveLength(50);
  expect(counters.snapshotCounters().get('control.denied.TOKEN_UNKNOWN')).toBe(1000);
  clock.advance(1000);
  log.note(call, { reason: 'ROLE_DENIED', message: 'no' });
  expect(lines.at(-1)).toMatchObject({
    audit: 'denied',
    who: 'unknown',
    peer: '192.0.2.7:1234',
    method: 'triplane.v1.AdminService/DrainNode',
    status: 'PERMISSION_DENIED',
    reason: 'ROLE_DENIED',
    unlogged: 950,
  });
});
