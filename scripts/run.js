'use strict';

/** `node scripts/run.js TASK [ARG ...]`: what the npm scripts call. Each task first makes the checkout ready. */
const path = require('node:path');
const { ROOT, bin, build, generate, install, run } = require('./checkout');

const prettierScope = ['--log-level', 'warn', '.'];

const tasks = {
  triplane: (args) => {
    build();
    process.argv = [process.argv[0], 'triplane', ...args];
    require(path.join(ROOT, 'dist', 'cli', 'main.js'));
    return undefined;
  },
  build: () => (build(), 0),
  test: (args) => {
    build();
    return run(bin('jest'), args);
  },
  typecheck: () => {
    generate();
    return run(bin('tsc'), ['-p', 'tsconfig.json']);
  },
  lint: () => {
    generate();
    return firstFailure([
      () => run(bin('oxlint'), ['--type-aware', '--deny-warnings']),
      () => run(bin('prettier'), ['--check', ...prettierScope]),
      () => run(bin('buf'), ['lint']),
      () => run(process.execPath, ['scripts/check-arrows.js']),
    ]);
  },
  format: () => {
    install();
    return run(bin('prettier'), ['--write', ...prettierScope]);
  },
  bench: (args) => harness('bench', args),
  soak: (args) => harness('soak', args),
};

/** Runs test/<kind>/<name>/main.js of the build-less harnesses; without a name it lists them. */
function harness(kind, [name, ...args]) {
  build();
  return run(process.execPath, [
    path.join('test', 'bench', 'main.js'),
    kind,
    ...(name === undefined ? [] : [name]),
    ...args,
  ]);
}

function firstFailure(steps) {
  for (const step of steps) {
    const status = step();
    if (status !== 0) return status;
  }
  return 0;
}

const [name, ...args] = process.argv.slice(2);
const task = tasks[name];
if (!task) {
  console.error(`scripts/run.js: expected one of ${Object.keys(tasks).join(', ')}, got ${name ?? 'nothing'}`);
  process.exit(2);
}
const status = task(args);
if (status !== undefined) process.exitCode = status;
