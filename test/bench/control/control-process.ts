import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ReadyMessage } from '../../../runtime/lifecycle';

const TICKS_PER_SECOND = 100;

/** A control plane in a process of its own, whose CPU and memory can be read. */
export interface ControlProcess {
  readonly addresses: Readonly<Record<string, string>>;
  /** CPU seconds so far. */
  cpuSeconds(): number;
  rssMb(): number;
  close(): void;
}

export async function startControlProcess(): Promise<ControlProcess> {
  const main = path.resolve('dist', 'control-plane', 'main.js');
  const set = ['control.grpc.port=0', 'control.admin.port=0', 'control.http.port=0', 'log.level=error'];
  const child: ChildProcess = fork(
    main,
    set.flatMap((value) => ['--set', value]),
  );
  const { addresses } = await new Promise<ReadyMessage>((resolve, reject) => {
    child.once('message', (message) => resolve(message as ReadyMessage));
    child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}`)));
  });
  const proc = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
  return {
    addresses,
    cpuSeconds() {
      // Fields 14 and 15; the name before them ends with the last parenthesis.
      const fields = proc('stat')
        .slice(proc('stat').lastIndexOf(')') + 2)
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))?.[1] ?? 0) / 1024,
    close: () => void child.kill('SIGKILL'),
  };
}
