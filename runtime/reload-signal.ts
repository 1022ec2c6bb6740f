const tasks = new Set<() => void>();

/** Runs `task` at each SIGHUP until the returned function is called. One listener of the process serves all tasks. */
export function onReloadSignal(task: () => void): () => void {
  if (tasks.size === 0) process.on('SIGHUP', runAll);
  tasks.add(task);
  return () => {
    if (tasks.delete(task) && tasks.size === 0) process.off('SIGHUP', runAll);
  };
}

function runAll(): void {
  for (const task of tasks) task();
}
