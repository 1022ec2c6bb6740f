'use strict';

const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    },
  ],
};

const tier = (name, extra = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  transform,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  // A test that waits has limits of its own (until()); this one only ends a hang, also on a loaded machine.
  setupFilesAfterEnv: ['<rootDir>/scripts/jest-setup.js'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  ...extra,
});

/** Three tiers of test/: unit (no sockets), integration (loopback), system (real processes, real peers). */
module.exports = {
  reporters: ['default', '<rootDir>/scripts/count-reporter.js'],
  projects: [tier('unit'), tier('regression'), tier('integration'), tier('system')],
};
