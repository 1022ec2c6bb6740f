import { Metadata, status } from '@grpc/grpc-js';
import { BadRequest, RetryInfo, Status, toMs } from '../../../../proto';
import { errorReason, refusalDetails } from '../../../../runtime/grpc';

const refusal = {
  code: status.RESOURCE_EXHAUSTED,
  message: 'no room',
  reason: 'TOO_MANY_NODES',
  facts: { limit: '10000' },
  field: 'node',
  retryMs: 1500,
};

describe('the details of a refusal', () => {
  it('are what google.rpc clients look for', () => {
    const trailer = refusalDetails(refusal).get('grpc-status-details-bin')[0] as Buffer;
    const { code, message, details } = Status.decode(trailer);
    expect({ code, message, types: details.map(({ typeUrl }) => typeUrl) }).toEqual({
      code: 8,
      message: 'no room',
      types: ['ErrorInfo', 'BadRequest', 'RetryInfo'].map((name) => `type.googleapis.com/google.rpc.${name}`),
    });
    const [, bad, retry] = details.map(({ value }) => value);
    expect(BadRequest.decode(bad ?? Buffer.alloc(0)).fieldViolations).toEqual([
      { field: 'node', description: 'no room' },
    ]);
    expect(toMs(RetryInfo.decode(retry ?? Buffer.alloc(0)).retryDelay)).toBe(1500);
  });

  it('give a client the reason and its facts', () => {
    const error = Object.assign(new Error('no room'), { metadata: refusalDetails(refusal) });
    expect(errorReason(error)).toEqual({
      reason: 'TOO_MANY_NODES',
      domain: 'triplane',
      metadata: new Map([['limit', '10000']]),
    });
  });

  it('are undefined where there are none, or not ours', () => {
    const junk = new Metadata();
    junk.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    expect(
      [undefined, null, new Error('x'), { metadata: new Metadata() }, { metadata: junk }].map(errorReason),
    ).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});
