import { consulBinary } from './consul-binary';

export { startConsul, type ConsulAgent, type ConsulSettings } from './start-consul';

/** `describe` for tests that need a real Consul; skipped with a printed reason without one, and failing when CI=true. */
export function describeWithConsul(title: string, tests: (binary: string) => void): void {
  const binary = consulBinary();
  if (binary !== undefined) {
    describe(title, () => tests(binary));
    return;
  }
  const reason = 'there is no Consul; "node scripts/fetch-consul.js" tries to get one';
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('has its peer', () => {
        throw new Error(`${reason}; CI must have it`);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  // oxlint-disable-next-line jest/no-disabled-tests -- a missing peer skips visibly
  describe.skip(`${title} (${reason})`, () => tests(''));
}
