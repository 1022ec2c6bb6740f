'use strict';

/** `node scripts/run.js TASK [ARG ...]`: what the npm scripts call. Each task first makes the checkout ready. */
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, bin, build, generate, install, run } = require('./checkout');
const { plainDoors } = require('./plain-doors');

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
  docs: () => {
    build();
    return require('./configuration-doc').write();
  },
  bench: (args) => harness('bench', args),
  soak: (args) => harness('soak', args),
};

/** Compiles test/<kind> and runs `<kind> NAME ...`; without a name it says which there are. */
function harness(kind, [name, ...args]) {
  build();
  const folder = path.join(ROOT, 'test', kind);
  const names = fs.existsSync(folder)
    ? fs.readdirSync(folder).filter((entry) => fs.existsSync(path.join(folder, entry, 'main.ts')))
    : [];
  if (!names.includes(name)) {
    console.error(
      `npm run ${kind} NAME: expected one of ${names.join(', ') || '(none yet)'}, got ${name ?? 'nothing'}`,
    );
    return 2;
  }
  const status = run(bin('tsc'), ['-p', 'tsconfig.harness.json']);
  if (status !== 0) return status;
  plainDoors(path.join(ROOT, '.cache', 'harness'));
  return run(process.execPath, [path.join('.cache', 'harness', 'test', kind, name, 'main.js'), ...args]);
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
