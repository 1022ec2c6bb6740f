'use strict';

/**
 * Keeps a checkout usable with Node and npm alone: installs, generates and builds what is missing or stale.
 * No dependencies: it runs before there are any.
 */
const { createHash } = require('node:crypto');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { NATIVE_SOURCES, NATIVE_TARGET, buildNative } = require('./build-native');
const { plainDoors } = require('./plain-doors');

const ROOT = path.resolve(__dirname, '..');
const STAMPS = path.join(ROOT, 'node_modules', '.triplane');
const SOURCE_FOLDERS = [
  'runtime',
  'control-plane',
  'data-plane',
  'sip-plane',
  'http-plane',
  'smpp-plane',
  'node-agent',
  'cli',
];

/** A program of node_modules/.bin. */
const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

/** Runs a program in the checkout with the terminal attached; returns its exit code. */
function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

function mustRun(command, args) {
  const status = run(command, args);
  if (status !== 0) process.exit(status);
}

/** A digest of names and contents, so that a fresh clone, a branch switch and an edit are all seen. */
function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(path.relative(ROOT, file)).update('\0').update(fs.readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function filesBelow(folder, ending) {
  const found = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'gen' || entry.name === 'node_modules') continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(full, ending));
    else if (entry.name.endsWith(ending)) found.push(full);
  }
  return found.sort();
}

/** Does `work` unless `result` exists and the stamp `name` says that it was made of the same `files`. */
function whenStale(name, files, result, work) {
  const stamp = path.join(STAMPS, name);
  const wanted = fingerprint(files);
  if (fs.existsSync(result) && fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  work();
  fs.mkdirSync(STAMPS, { recursive: true });
  fs.writeFileSync(stamp, wanted);
}

const at = (...parts) => path.join(ROOT, ...parts);

function install() {
  const files = [at('package.json'), at('package-lock.json')];
  whenStale('installed', files, at('node_modules', '.package-lock.json'), () => {
    console.error('triplane: installing packages (npm ci)');
    mustRun(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
}

function generate() {
  install();
  const files = [...filesBelow(at('proto'), '.proto'), at('buf.gen.yaml'), at('buf.yaml'), at('package-lock.json')];
  whenStale('generated', files, at('proto', 'gen'), () => mustRun(bin('buf'), ['generate']));
}

function build() {
  generate();
  const folders = [at('proto'), ...SOURCE_FOLDERS.map((folder) => at(folder))];
  const files = [
    ...folders.flatMap((folder) => filesBelow(folder, '.ts')),
    at('tsconfig.json'),
    at('tsconfig.build.json'),
  ];
  whenStale('built', [...files, at('package-lock.json'), ...filesBelow(at('proto'), '.proto')], at('dist'), () => {
    fs.rmSync(at('dist'), { recursive: true, force: true });
    mustRun(bin('tsc'), ['-p', 'tsconfig.build.json']);
    plainDoors(at('dist'));
  });
  whenStale('native', NATIVE_SOURCES, NATIVE_TARGET, buildNative);
}

module.exports = { ROOT, bin, build, generate, install, run };
