import { createRequire } from 'node:module';
import path from 'node:path';
import type { Counters } from '../../runtime/counters';
import { TriplaneError, messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { AlgorithmFactory } from './algorithm';
import { BUILT_IN } from './catalog';
import { guardFactory, type FaultListener } from './guarded-algorithm';

export interface LoadOptions {
  readonly counters: Counters;
  readonly logger: Logger;
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Loads algorithms that users wrote: CommonJS or ES modules that export one factory or a list of them, as `module.exports`, `default`,
 * `algorithm` or `algorithms`. Relative paths begin at the working directory. Throws ALGORITHM_FILE, one line that names the file.
 */
export function loadAlgorithms(files: readonly string[], options: LoadOptions): AlgorithmFactory[] {
  const loaded: AlgorithmFactory[] = [];
  for (const file of files) {
    for (const factory of factoriesOf(file)) {
      const taken = [...BUILT_IN, ...loaded].some(({ name }) => name === factory.name);
      if (taken) throw fault(file, `there is already an algorithm ${factory.name}; choose another name`);
      loaded.push(guardFactory(factory, faultListener(factory.name, options)));
      options.logger.info({ file, algorithm: factory.name }, 'loaded an algorithm');
    }
  }
  return loaded;
}

function factoriesOf(file: string): AlgorithmFactory[] {
  let exported: unknown;
  try {
    exported = createRequire(__filename)(path.resolve(file));
  } catch (error) {
    throw fault(file, messageOf(error).split('\n')[0] ?? '', error);
  }
  const members = (exported ?? {}) as Readonly<Record<string, unknown>>;
  const found = members['algorithms'] ?? members['algorithm'] ?? members['default'] ?? exported;
  const factories: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (factories.length === 0) throw fault(file, 'expected at least one algorithm, got an empty list');
  return factories.map((factory) => checked(file, factory));
}

function checked(file: string, factory: unknown): AlgorithmFactory {
  const { name, parameters = [], create } = (factory ?? {}) as Partial<Record<keyof AlgorithmFactory, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw fault(file, `expected an algorithm with a name of A-Z a-z 0-9 . _ -, got ${JSON.stringify(name)}`);
  }
  if (!Array.isArray(parameters) || !parameters.every((parameter) => typeof parameter === 'string')) {
    throw fault(file, `${name}: expected parameters to be a list of names`);
  }
  if (typeof create !== 'function')
    throw fault(file, `${name}: expected create to be a function, got ${typeof create}`);
  // Called on the object that the file exported: it may use `this`.
  const own = factory as AlgorithmFactory;
  return { name, parameters, create: (given, deps) => own.create(given, deps) };
}

/** Counts every fault, logs the first: an algorithm that fails does so for each request. */
function faultListener(algorithm: string, { counters, logger }: LoadOptions): FaultListener {
  const faults = counters.counter(`algorithm.faults.${algorithm}`);
  return (reason) => {
    faults.value += 1;
    if (faults.value > 1) return;
    logger.error(
      { algorithm, reason },
      'an algorithm of yours failed; round robin chooses each time it does, and only this one is logged',
    );
  };
}

function fault(file: string, reason: string, cause?: unknown): TriplaneError {
  return new TriplaneError('ALGORITHM_FILE', `${file} cannot be used as cluster.algorithms: ${reason}`, {
    details: { file },
    cause,
  });
}
