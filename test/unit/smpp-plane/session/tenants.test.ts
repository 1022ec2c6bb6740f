import { Counters } from '../../../../runtime/counters';
import { Tenants } from '../../../../smpp-plane/session/tenants';

test('each system_id has its figures; names are made safe, and too many are counted together', () => {
  const counters = new Counters();
  const tenants = new Tenants(counters);
  tenants.of('acme').toServer.value += 2;
  tenants.of('acme').toServer.value += 1;
  tenants.of('a.b\u0000"c').toClient.value += 1;
  for (let i = 0; i < 2000; i += 1) tenants.of(`t${i}`).toServer.value += 1;
  const found = counters.snapshotCounters();
  expect(found.get('smpp.systemId.acme.toServer')).toBe(3);
  expect(found.get('smpp.systemId.a_b__c.toClient')).toBe(1);
  expect(found.get('smpp.systemId.others.toServer')).toBe(1002);
  expect(found.size).toBeLessThanOrEqual(2002);
});
