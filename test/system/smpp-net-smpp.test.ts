import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Kannel } from '../support/kannel';
import { describeWhere } from '../support/peer';
import { startProgram } from '../support/processes';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { ToySmsc } from '../support/toy-smsc';
import { until } from '../support/until';

const COUNT = 1000;
const ESME = path.join(__dirname, '..', 'support', 'net-smpp-esme.pl');
const FOUND = spawnSync('sh', ['-c', 'perl -MNet::SMPP -e 1 && command -v bearerbox']).status === 0;

/** Runs the Perl ESME to its end; what it saw. */
async function perlEsme(address: string): Promise<unknown> {
  const [host = '', port = ''] = address.split(':');
  const esme = startProgram('perl', [ESME, host, port, `${COUNT}`]);
  await until('the Perl ESME has ended', () => esme.exitCode() !== undefined, 60_000);
  return esme.exitCode() === 0 ? (JSON.parse(esme.output()) as unknown) : esme.output();
}

describeWhere(FOUND, "Perl's Net::SMPP or bearerbox is not installed", 'Net::SMPP as an ESME beside Kannel', () => {
  describe.each(['session', 'pool'] as const)('in %s mode', (mode) => {
    let smsc: ToySmsc;
    let plane: TestSmppPlane;
    let kannel: Kannel;

    beforeAll(async () => {
      smsc = await ToySmsc.start();
      plane = await startTestPlane([smscNode('toy', smsc)], { mode, pool: testSmppConfig().pool });
      kannel = await new Kannel().start(plane.address, 'kannel');
    }, 60_000);

    afterAll(async () => {
      await kannel.stop();
      await plane.close();
      await smsc.close();
    }, 60_000);

    it(`submits ${COUNT} messages and gets a receipt for each, none lost, none twice, none of Kannel's`, async () => {
      const perl = perlEsme(plane.address);
      for (let i = 0; i < 100; i += 1) await kannel.send(`${i}`, `kannel ${i}`, false);
      expect(await perl).toEqual({
        sent: COUNT,
        ids: COUNT,
        receipts: COUNT,
        refused: 0,
        strays: 0,
        twice: 0,
        foreign: 0,
        unbind: 0,
      });
      await until('Kannel has its reports', () => kannel.delivered.length === 100, 30_000);
      const texts = smsc.submitted.map(({ text }) => text.replaceAll('\0', ''));
      expect(texts.filter((text) => text.startsWith('kannel'))).toHaveLength(100);
      expect(smsc.submitted).toHaveLength(COUNT + 100);
    }, 90_000);
  });
});
