'use strict';

/** Prints the one line that CI reads: `N passed, N failed, N skipped`. */
module.exports = class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`;
    // Last of all, below the summary that jest itself prints.
    process.once('exit', () => process.stdout.write(line));
  }
};
