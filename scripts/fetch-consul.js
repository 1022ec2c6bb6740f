'use strict';

/**
 * Puts a Consul binary into .cache/consul for the tests and prints its path; does nothing when CONSUL_BIN or PATH has one.
 * Current Debian suites have none; bullseye does, and the mirror that this machine's apt already uses may still serve it.
 * Nothing is installed: the package is unpacked, and apt's own lists stay as they are.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const FOLDER = path.resolve(__dirname, '..', '.cache', 'consul');
const BINARY = path.join(FOLDER, 'usr', 'bin', 'consul');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

function works(binary) {
  return spawnSync(binary, ['version']).status === 0;
}

/** The first Debian mirror among apt's sources. */
function mirror() {
  const folder = '/etc/apt/sources.list.d';
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [];
  for (const file of ['/etc/apt/sources.list', ...names]) {
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    for (const [, address] of text.matchAll(/^(?:URIs:|deb(?: \[[^\]]*\])?) *(\S+\/debian)\/?(?: |$)/gm))
      return address;
  }
  return undefined;
}

function run(command, args, cwd) {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.at(-1)}: ${stderr.trim().split('\n').at(-1)}`);
}

function fetchConsul() {
  const address = mirror();
  if (address === undefined) throw new Error('apt has no Debian mirror');
  fs.mkdirSync(path.join(FOLDER, 'lists', 'partial'), { recursive: true });
  const list = path.join(FOLDER, 'sources.list');
  fs.writeFileSync(list, `deb [signed-by=${KEYRING}] ${address} bullseye main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::Lists=${path.join(FOLDER, 'lists')}`,
    'Acquire::Languages=none',
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  run('apt-get', [...settings, 'update'], FOLDER);
  run('apt-get', [...settings, 'download', 'consul'], FOLDER);
  const packages = fs.readdirSync(FOLDER).filter((name) => /^consul_.*\.deb$/.test(name));
  run('dpkg', ['-x', packages[0], FOLDER], FOLDER);
  for (const name of packages) fs.rmSync(path.join(FOLDER, name));
  fs.rmSync(path.join(FOLDER, 'lists'), { recursive: true });
}

const known = [process.env['CONSUL_BIN'], 'consul', BINARY].find((binary) => binary !== undefined && works(binary));
if (known !== undefined) {
  console.log(known);
} else {
  try {
    fetchConsul();
    console.log(BINARY);
  } catch (error) {
    console.error(`fetch-consul: ${error.message}`);
    process.exitCode = 1;
  }
}
