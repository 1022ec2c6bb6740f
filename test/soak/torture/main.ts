import { TORTURE, TORTURE_TRANSPORTS, TortureRun, wantedOver, type TortureTransport } from '../../support/torture';

const WIDTHS = [9, 36, 9, 11, 11, 11];

const line = (cells: readonly string[]): void =>
  void process.stdout.write(`${cells.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0)).join('')}\n`);

/**
 * `npm run soak torture`: the 49 messages of RFC 4475 and the 12 of RFC 5118 over UDP, over TCP byte by byte and over WebSocket; prints what is
 * wanted for each and what came back. `wait`: more bytes are waited for, as Content-Length says.
 */
async function main(): Promise<void> {
  const run = await TortureRun.start();
  let wrong = 0;
  const came = async (transport: TortureTransport, message: (typeof TORTURE)[number]): Promise<string> => {
    const outcome = await run.over(transport, message).then(
      (result) => String(result.outcome),
      () => 'nothing',
    );
    const right = outcome === String(wantedOver(transport, message));
    if (!right) wrong += 1;
    return right ? outcome : `${outcome} !`;
  };
  line(['section', 'message', 'wanted', ...TORTURE_TRANSPORTS]);
  for (const message of TORTURE) {
    const cells: string[] = [];
    for (const transport of TORTURE_TRANSPORTS) cells.push(await came(transport, message));
    line([message.section, message.name, String(message.wanted), ...cells]);
  }
  await run.close();
  process.stdout.write(`${TORTURE.length} messages over ${TORTURE_TRANSPORTS.join(', ')}: ${wrong} not as wanted\n`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

void main();
