import { ControlPlanes } from '../../../node-agent/control-planes';
import { fixedControlPlanes } from '../../../runtime/discovery';
import { silentLogger } from '../../../runtime/logger';
import { FakeClock } from '../../support/fake-clock';

const addresses = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'];

const shared = { clock: new FakeClock(), logger: silentLogger() };

function controlPlanes(list: readonly string[], random = () => 0.999, insecure = false): ControlPlanes {
  return new ControlPlanes({ ...shared, list: fixedControlPlanes(list), dial: { insecure }, random });
}

test('a failure moves on to the next control plane and comes round to the first', () => {
  const planes = controlPlanes(addresses);
  const seen = [0, 1, 2, 3].map(() => {
    const { address } = planes;
    planes.failed();
    return address;
  });
  expect(seen).toEqual([...addresses, '127.0.0.1:1']);
  planes.close();
});

test('chance decides which control plane is first, so that nodes spread', () => {
  const first = new Set([0, 0.4, 0.8].map((chance) => controlPlanes(addresses, () => chance).address));
  expect(first.size).toBeGreaterThan(1);
});

test('a failure makes a new client even with one control plane, whose channel may be stuck', () => {
  const planes = controlPlanes(['127.0.0.1:1']);
  const { client } = planes;
  expect(planes.client).toBe(client);
  planes.failed();
  expect(planes.client).not.toBe(client);
  planes.close();
});

test('plain text to an address that others can reach is refused before anything is sent', () => {
  expect(() => controlPlanes(['192.0.2.1:7700'])).toThrow(expect.objectContaining({ code: 'INSECURE_REFUSED' }));
  expect(() => controlPlanes(['192.0.2.1:7700'], Math.random, true)).not.toThrow();
});
