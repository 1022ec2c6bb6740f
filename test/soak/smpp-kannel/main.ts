import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../support/free-port';
import { startProgram, startService, type RunningProcess } from '../../support/processes';
import { until } from '../../support/until';

/**
 * `npm run soak smpp-kannel -- [--messages 1000] [--mode session]`: Kannel's gateway as an ESME through the plane to Kannel's own SMSC,
 * drive_smpp, which sends messages and counts an answer to each. The gateway binds once to send and once to receive. drive_smpp looks for
 * the gateway at port 13001 and nowhere else, so this is no part of `npm test`. Ends with 1 unless every message came once each way.
 */
const DRIVE = '/usr/lib/kannel/test/drive_smpp';
const SMSBOX_PORT = 13_001;
const LIMIT_MS = 60_000;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { messages: { type: 'string', default: '1000' }, mode: { type: 'string', default: 'session' } },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Of bearerbox, smsbox and drive_smpp alike. */
function kannelConf(planePort: string, ports: { admin: number; send: number }): string {
  const bind = (key: string): string =>
    `group = smsc\nsmsc = smpp\nsmsc-id = smpp\nhost = 127.0.0.1\n${key} = ${planePort}\nsystem-type = "VMA"\naddress-range = ""\nsmsc-username = "foo"\nsmsc-password = "bar"\n`;
  return [
    `group = core\nadmin-port = ${ports.admin}\nadmin-interface = 127.0.0.1\nadmin-password = x`,
    `smsbox-port = ${SMSBOX_PORT}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = "127.0.0.1"\n`,
    bind('port'),
    bind('receive-port'),
    `group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = ${ports.send}\nglobal-sender = 123\n`,
    'group = sms-service\nkeyword = default\ntext = "No service specified"\n',
  ].join('\n');
}

const countOf = (pattern: RegExp, { output }: RunningProcess): number => output().match(pattern)?.length ?? 0;

async function main(): Promise<void> {
  if (!existsSync(DRIVE)) throw new Error(`expected ${DRIVE} (apt-get install kannel kannel-extras)`);
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-kannel-'));
  const [smscPort, admin, send] = [await freePort(), await freePort(), await freePort()];
  const plane = await startService('smpp-plane', {
    set: [
      'smpp.listen.port=0',
      'smpp.admin.port=0',
      `smpp.mode=${values.mode}`,
      `smpp.remoteServers=["127.0.0.1:${smscPort}"]`,
      `cluster.stateDir=${folder}`,
    ],
  });
  const file = path.join(folder, 'kannel.conf');
  writeFileSync(file, kannelConf(plane.addresses['smpp']?.split(':')[1] ?? '', { admin, send }));
  const drive = startProgram(DRIVE, ['-v', '0', '-p', String(smscPort), '-m', values.messages, '-c', file], folder);
  await until('drive_smpp runs', () => drive.output().includes('Starting'));
  const boxes = [startProgram('bearerbox', ['-v', '3', file], folder)];
  const accepts = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${admin}/status.txt`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('bearerbox runs', accepts);
  boxes.push(startProgram('smsbox', ['-v', '3', file], folder));
  const count = Number(values.messages);
  const deliveries = (): number => countOf(/type deliver_sm_resp/g, drive);
  const submits = (): number => countOf(/Handling SMPP PDU of type submit_sm\n/g, drive);
  const from = performance.now();
  await until('all have come', () => submits() >= count && deliveries() >= count, LIMIT_MS).catch(() => {});
  // What comes twice comes a little later.
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  say(`${values.mode} mode: ${deliveries()} of ${count} delivered, ${submits()} of ${count} submitted in ${seconds} s`);
  process.exitCode = deliveries() === count && submits() === count ? 0 : 1;
  for (const one of [...boxes, drive]) await one.stop('SIGKILL');
  await plane.stop();
  rmSync(folder, { recursive: true, force: true });
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
