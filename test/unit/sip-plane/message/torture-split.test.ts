import { MessageParser, MessageView, StreamFramer } from '../../../../sip-plane/message';
import { TORTURE } from '../../../support/torture';

/** What a stream of bytes is cut into, with the rejects. */
function framed(chunks: readonly Buffer[]): string[] {
  const out: string[] = [];
  const framer = new StreamFramer(
    new MessageParser(),
    {
      message: (view) => out.push(`${view.reject} ${view.text(view.start, view.end)}`),
      ping: () => out.push('ping'),
      broken: (view) => out.push(`broken ${view.reject}`),
    },
    new MessageView(),
  );
  for (const chunk of chunks) framer.push(chunk);
  return out;
}

it.each(TORTURE.map((message) => [message.section, message.name, message.bytes] as const))(
  'FRM-1: %s %s gives the same wherever it is split',
  (_section, _name, bytes) => {
    const whole = framed([bytes]);
    for (let split = 1; split < bytes.length; split += 1) {
      const parts = framed([bytes.subarray(0, split), bytes.subarray(split)]);
      if (parts.join('\0') !== whole.join('\0')) throw new Error(`differs when split at ${split}`);
    }
    expect(framed([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  },
);
