import { TestCa } from '../support/certificates';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { startSecuredControlPlane, type SecuredControlPlane } from '../support/secured-control-plane';
import { until } from '../support/until';

describeWithConsul('a control plane with TLS and Consul', (binary) => {
  let consul: ConsulAgent;
  let control: SecuredControlPlane | undefined;
  beforeAll(async () => {
    consul = await startConsul(binary);
  });
  afterAll(async () => {
    await control?.close();
    await consul.close();
  });

  it('counts as well with its agent, though it asks nodes and planes for certificates', async () => {
    const ca = new TestCa();
    const tls = { ...ca.issue('control'), caFile: ca.caFile, clientCertificates: 'required' };
    control = await startSecuredControlPlane([
      `control.grpc.tls=${JSON.stringify(tls)}`,
      'control.store=consul',
      `control.consul.address=${consul.host}:${consul.port}`,
    ]);
    const passing = async (): Promise<number> => {
      const page = `http://${consul.host}:${consul.port}/v1/health/service/triplane-control-plane?passing`;
      return ((await (await fetch(page)).json()) as unknown[]).length;
    };
    await until('its check passes', async () => (await passing()) === 1, 20_000);
    expect(control.log.text()).not.toContain('denied');
    ca.close();
  });
});
