import { existsSync } from 'node:fs';
import { Cluster } from '../../support/processes';
import { until } from '../../support/until';
import { cleanUp, missing, startModJk, startTomcat, type Tomcat } from './servers';

/**
 * Two Tomcats of Debian with jvmRoute behind the plane, and behind Apache with mod_jk: sessions stay on their node,
 * a stopped Tomcat's sessions move once, and both balancers choose alike. Ends with 1 when one of these does not hold.
 */
const SESSIONS = 50;
const REQUESTS = 1000;

interface Answer {
  readonly node: string;
  readonly session: string | undefined;
}

class Browser {
  session: string | undefined;

  async get(port: number): Promise<Answer> {
    const headers: Record<string, string> = this.session === undefined ? {} : { Cookie: `JSESSIONID=${this.session}` };
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
    const session = /JSESSIONID=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1];
    if (session !== undefined) this.session = session;
    return { node: (await response.text()).trim(), session };
  }

  get route(): string {
    return this.session?.split('.').at(-1) ?? '';
  }
}

const failures: string[] = [];

function check(what: string, holds: boolean): void {
  process.stdout.write(`${holds ? 'ok  ' : 'FAIL'} ${what}\n`);
  if (!holds) failures.push(what);
}

async function keepSessions(port: number, browsers: readonly Browser[]): Promise<number> {
  let wrong = 0;
  for (let i = 0; i < REQUESTS / browsers.length; i += 1) {
    const answers = await Promise.all(
      browsers.map(async (browser) => ({ expected: browser.route, ...(await browser.get(port)) })),
    );
    wrong += answers.filter(({ node, expected, session }) => node !== expected || session !== undefined).length;
  }
  return wrong;
}

/** How often each session of the stopped Tomcat changes its node in three further rounds. */
async function movesAfterStop(port: number, browsers: readonly Browser[], stopped: string): Promise<number[]> {
  const moved = browsers.filter(({ route }) => route === stopped);
  const moves = moved.map(() => 0);
  for (let round = 0; round < 3; round += 1) {
    for (const [i, browser] of moved.entries()) {
      const before = browser.route;
      await browser.get(port);
      if (browser.route !== before) moves[i] = (moves[i] ?? 0) + 1;
    }
  }
  return moves;
}

async function run(cluster: Cluster, tomcats: readonly Tomcat[]): Promise<void> {
  await cluster.start();
  const agents = await Promise.all(
    tomcats.map(({ name, httpPort }) => cluster.startNode(name, '--http', `${httpPort}`, '--jvm-route', name)),
  );
  const plane = Number(cluster.http.addresses['http']?.split(':').at(-1));
  const modJk = await startModJk(tomcats);
  await until(
    'both nodes are served',
    async () => new Set([(await new Browser().get(plane)).node, (await new Browser().get(plane)).node]).size === 2,
  );

  const browsers = Array.from({ length: SESSIONS }, () => new Browser());
  for (const browser of browsers) await browser.get(plane);
  const counts = tomcats.map(({ name }) => browsers.filter(({ route }) => route === name).length);
  check(
    `${SESSIONS} sessions made through the plane, ${counts.join(' and ')} at each node`,
    Math.min(...counts) > SESSIONS / 4,
  );

  const wrong = await keepSessions(plane, browsers);
  check(`${REQUESTS} requests of ${SESSIONS} sessions through the plane, ${wrong} on a wrong node`, wrong === 0);
  const wrongModJk = await keepSessions(modJk.port, browsers);
  check(`the same through Apache with mod_jk, ${wrongModJk} on another node than through the plane`, wrongModJk === 0);

  const [, victim] = tomcats;
  await Promise.all([victim?.process.stop('SIGKILL'), agents[1]?.stop('SIGKILL')]);
  const moves = await movesAfterStop(plane, browsers, victim?.name ?? '');
  check(
    `${moves.length} sessions of the killed Tomcat, each moved exactly once`,
    moves.length > 0 && moves.every((count) => count === 1),
  );
  const after = await keepSessions(plane, browsers);
  check(`${REQUESTS} more requests, ${after} away from their node`, after === 0);
  const afterModJk = await keepSessions(modJk.port, browsers);
  check(`the same through Apache with mod_jk, ${afterModJk} on another node`, afterModJk === 0);
  await modJk.process.stop();
}

async function main(): Promise<void> {
  const absent = missing(existsSync);
  if (absent !== undefined) {
    process.stdout.write(`skipped: ${absent}\n`);
    process.exitCode = process.env['CI'] === 'true' ? 1 : 0;
    return;
  }
  const cluster = new Cluster();
  const tomcats: Tomcat[] = [];
  try {
    for (const name of ['app1', 'app2']) tomcats.push(await startTomcat(name));
    await run(cluster, tomcats);
  } finally {
    for (const { process: tomcat } of tomcats) if (tomcat.exitCode() === undefined) await tomcat.stop('SIGKILL');
    await cluster.close();
    cleanUp();
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}

void main();
