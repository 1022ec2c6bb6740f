'use strict';

/**
 * Builds the optional addon for batched UDP (sip-plane/native/*.c) into the build. Needs Linux, a C compiler and Node's headers,
 * which are looked for where Node is installed; nothing is downloaded. Without them node:dgram does the work.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');
const FOLDER = path.join(ROOT, 'sip-plane', 'native');
const SOURCES = fs
  .readdirSync(FOLDER)
  .filter((name) => /\.[ch]$/.test(name))
  .sort()
  .map((name) => path.join(FOLDER, name));
const TARGET = path.join(ROOT, 'dist', 'sip-plane', 'native', 'udp.node');

function headers() {
  const nodedir = process.env.npm_config_nodedir;
  const places = [
    ...(nodedir ? [path.join(nodedir, 'include', 'node')] : []),
    path.join(path.dirname(process.execPath), '..', 'include', 'node'),
    path.join(os.homedir(), '.cache', 'node-gyp', process.versions.node, 'include', 'node'),
  ];
  return places.find(
    (place) => fs.existsSync(path.join(place, 'node_api.h')) && fs.existsSync(path.join(place, 'uv.h')),
  );
}

/** True when the addon is there now; otherwise says in one line why not. */
function buildNative() {
  const why = reasonNotTo();
  if (why === undefined) return true;
  console.error(`triplane: UDP goes through node:dgram (${why})`);
  return false;
}

function reasonNotTo() {
  if (process.platform !== 'linux') return 'the batched engine is for Linux';
  const include = headers();
  if (include === undefined) return "Node's headers node_api.h and uv.h were not found";
  const compiler = process.env.CC || 'cc';
  fs.mkdirSync(path.dirname(TARGET), { recursive: true });
  // Written aside and moved, so that a running process keeps the file that it loaded.
  const aside = `${TARGET}.${process.pid}`;
  const options = ['-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-DNODE_GYP_MODULE_NAME=udp'];
  const args = [...options, `-I${include}`, '-o', aside, ...SOURCES.filter((file) => file.endsWith('.c'))];
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (error) return `no C compiler: ${compiler}`;
  if (status !== 0) return `${compiler} failed: ${stderr.split('\n')[0]}`;
  fs.renameSync(aside, TARGET);
  return undefined;
}

module.exports = { NATIVE_SOURCES: SOURCES, NATIVE_TARGET: TARGET, buildNative };

if (require.main === module) process.exitCode = buildNative() ? 0 : 1;
