'use strict';

/**
 * Holds the folders to the arrows of the design: who may import whom, and only through a folder's door.
 * A door is an index.ts, or a file that lies directly in runtime/ (one idea each).
 */
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..');

/** Folder -> the folders that it may import. */
const ARROWS = {
  proto: [],
  runtime: ['proto'],
  'control-plane': ['runtime', 'proto'],
  'data-plane': ['runtime', 'proto'],
  'node-agent': ['runtime', 'proto'],
  'sip-plane': ['data-plane', 'runtime', 'proto'],
  'http-plane': ['data-plane', 'runtime', 'proto'],
  'smpp-plane': ['data-plane', 'runtime', 'proto'],
  cli: ['control-plane', 'sip-plane', 'http-plane', 'smpp-plane', 'node-agent', 'data-plane', 'runtime', 'proto'],
};

/** Package -> the only folders that may import it. */
const PACKAGES = {
  consul: ['runtime/consul'],
  smpp: ['smpp-plane', 'cli'],
  'http-proxy': ['http-plane'],
};

const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|\brequire\s*\(\s*|^\s*import\s+)['"]([^'"]+)['"]/gm;

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'gen' ? [] : sources(full);
    return entry.name.endsWith('.ts') ? [full] : [];
  });
}

/** What an import breaks, in words, or undefined. */
function fault(file, target) {
  const here = path.relative(ROOT, file);
  const room = here.split(path.sep)[0];
  if (!target.startsWith('.')) {
    const owners = PACKAGES[target];
    if (!owners || owners.some((owner) => here.startsWith(`${owner}${path.sep}`))) return undefined;
    return `only ${owners.join(', ')} may import the package ${target}`;
  }
  const there = path.relative(ROOT, path.resolve(path.dirname(file), target));
  const [otherRoom, ...rest] = there.split(path.sep);
  const inner = path.dirname(there) !== path.dirname(here) && !here.startsWith(`${there}${path.sep}`);
  if (otherRoom !== room) {
    if (!ARROWS[room].includes(otherRoom))
      return `${room} may import ${ARROWS[room].join(', ') || 'nothing'}, not ${otherRoom}`;
    return isDoor(there) || (otherRoom === 'runtime' && rest.length === 1)
      ? undefined
      : `${there} is not a door (index.ts) of ${otherRoom}`;
  }
  if (
    inner &&
    rest.length > 1 &&
    rest[0] !== 'gen' &&
    !here.startsWith(path.dirname(there) + path.sep) &&
    !isDoor(there)
  ) {
    return `${there} is private to its folder: import its index.ts`;
  }
  return undefined;
}

function isDoor(there) {
  return fs.existsSync(path.join(ROOT, there, 'index.ts')) || path.basename(there) === 'index';
}

let faults = 0;
for (const room of Object.keys(ARROWS)) {
  for (const file of sources(path.join(ROOT, room))) {
    for (const [, target] of fs.readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const found = fault(file, target);
      if (!found) continue;
      faults += 1;
      console.error(`${path.relative(ROOT, file)}: import '${target}': ${found}`);
    }
  }
}
process.exitCode = faults === 0 ? 0 : 1;
