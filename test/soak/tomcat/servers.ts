import { mkdirSync, mkdtempSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../support/free-port';
import { startProgram, type RunningProcess } from '../../support/processes';
import { until } from '../../support/until';

const TOMCAT = '/usr/share/tomcat10';
const MOD_JK = '/usr/lib/apache2/modules/mod_jk.so';
const MODULES = '/usr/lib/apache2/modules';

export interface Tomcat {
  readonly name: string;
  readonly httpPort: number;
  readonly ajpPort: number;
  readonly process: RunningProcess;
}

/** Folder of everything that these servers write; removed by the caller. */
export const folder = mkdtempSync(path.join(tmpdir(), 'triplane-tomcat-'));

export function cleanUp(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** What is missing of the Debian packages, or undefined. */
export function missing(exists: (file: string) => boolean): string | undefined {
  if (!exists(TOMCAT)) return 'tomcat10 is not installed';
  if (!exists(MOD_JK)) return 'libapache2-mod-jk is not installed';
  return undefined;
}

/** A Tomcat of Debian's package with a jvmRoute and one page, which makes a session and says who it is. */
export async function startTomcat(name: string): Promise<Tomcat> {
  const base = path.join(folder, name);
  const [httpPort, ajpPort] = [await freePort(), await freePort()];
  for (const part of ['conf', 'logs', 'temp', 'work', 'webapps/ROOT'])
    mkdirSync(path.join(base, part), { recursive: true });
  for (const file of ['web.xml', 'catalina.properties', 'context.xml'])
    cpSync(path.join(TOMCAT, 'etc', file), path.join(base, 'conf', file));
  writeFileSync(
    path.join(base, 'conf', 'server.xml'),
    `<Server port="-1">
  <Service name="Catalina">
    <Connector address="127.0.0.1" port="${httpPort}" protocol="HTTP/1.1"/>
    <Connector address="127.0.0.1" port="${ajpPort}" protocol="AJP/1.3" secretRequired="false"/>
    <Engine name="Catalina" defaultHost="localhost" jvmRoute="${name}">
      <Host name="localhost" appBase="webapps"/>
    </Engine>
  </Service>
</Server>`,
  );
  writeFileSync(
    path.join(base, 'webapps', 'ROOT', 'index.jsp'),
    `<%@ page session="true" trimDirectiveWhitespaces="true" %>${name}`,
  );
  const process = startProgram('sh', ['-c', `CATALINA_BASE=${base} exec ${TOMCAT}/bin/catalina.sh run`], base);
  await until(
    `${name} serves`,
    () =>
      fetch(`http://127.0.0.1:${httpPort}/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    60_000,
  );
  return { name, httpPort, ajpPort, process };
}

/** Apache with mod_jk over the AJP ports of the Tomcats. Returns its HTTP port. */
export async function startModJk(
  tomcats: readonly Tomcat[],
): Promise<{ readonly port: number; readonly process: RunningProcess }> {
  const port = await freePort();
  const workers = tomcats.map(
    ({ name, ajpPort }) => `worker.${name}.type=ajp13\nworker.${name}.host=127.0.0.1\nworker.${name}.port=${ajpPort}`,
  );
  writeFileSync(
    path.join(folder, 'workers.properties'),
    [
      'worker.list=balancer',
      'worker.balancer.type=lb',
      `worker.balancer.balance_workers=${tomcats.map(({ name }) => name).join()}`,
      ...workers,
    ].join('\n'),
  );
  const modules = ['mpm_event', 'authz_core'].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  writeFileSync(
    path.join(folder, 'apache.conf'),
    [
      `ServerRoot ${folder}`,
      `PidFile ${folder}/apache.pid`,
      `ErrorLog ${folder}/apache.log`,
      'ServerName localhost',
      // A kept connection that Apache closes while the next request is on its way would look like a failure.
      'KeepAlive Off',
      `Listen 127.0.0.1:${port}`,
      ...modules,
      `LoadModule jk_module ${MOD_JK}`,
      `JkWorkersFile ${folder}/workers.properties`,
      `JkLogFile ${folder}/jk.log`,
      `JkShmFile ${folder}/jk.shm`,
      'JkMount /* balancer',
    ].join('\n'),
  );
  const process = startProgram('apache2', ['-f', path.join(folder, 'apache.conf'), '-DFOREGROUND'], folder);
  await until(
    'apache serves',
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    20_000,
  );
  return { port, process };
}
