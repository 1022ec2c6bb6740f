import { consulSuite } from '../../../support/consul-suite';
import { FakeConsul } from '../../../support/fake-consul';

describe('the fake Consul', () => {
  const consul = new FakeConsul();
  consulSuite(() => consul.client());
});
