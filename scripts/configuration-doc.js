'use strict';

/** Rewrites the list of keys in docs/configuration.md from the schema; a test says when it is out of date. */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('./checkout');

const HEADING = '## Every key\n';

function write() {
  const file = path.join(ROOT, 'docs', 'configuration.md');
  const text = fs.readFileSync(file, 'utf8');
  const start = text.indexOf(HEADING);
  if (start < 0) throw new Error(`${file}: expected the heading ${HEADING.trim()}`);
  const command = [path.join(ROOT, 'dist', 'cli', 'main.js'), 'config', 'explain', '--markdown'];
  const keys = execFileSync(process.execPath, command, { encoding: 'utf8' });
  fs.writeFileSync(file, `${text.slice(0, start)}${HEADING}\n${keys}`);
  return 0;
}

module.exports = { write };
