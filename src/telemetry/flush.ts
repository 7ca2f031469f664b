// Sends what waits before an instance may be frozen. Whoever waits for it waits two seconds at most; while an earlier
// send is later than that, nobody waits for a new one.
import { metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';

const flushLimitMs = 2000;

export type Flush = (withMetrics: boolean) => Promise<void>;

export function createFlush(monotonicMs: () => number): Flush {
  let underWay: { readonly sent: Promise<void>; readonly startedAtMs: number } | null = null;
  return async function flush(withMetrics) {
    if (underWay !== null && monotonicMs() - underWay.startedAtMs >= flushLimitMs) return;
    const before = underWay?.sent;
    const sent = Promise.resolve(before).then(() => sendAll(withMetrics));
    const own = { sent, startedAtMs: underWay?.startedAtMs ?? monotonicMs() };
    underWay = own;
    void sent.finally(() => {
      if (underWay === own) underWay = null;
    });
    await Promise.race([sent, waitUnref(flushLimitMs)]);
  };
}

/** Never rejects: the SDK tells its own log what could not be sent. */
async function sendAll(withMetrics: boolean): Promise<void> {
  const provider = trace.getTracerProvider();
  const tracers: unknown = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
  const senders: readonly unknown[] = withMetrics ? [tracers, metrics.getMeterProvider()] : [tracers];
  await Promise.allSettled(senders.filter(isFlushable).map((sender) => sender.forceFlush()));
}

type Flushable = { readonly forceFlush: () => Promise<void> };

/** The API knows providers that send nothing; the SDK's have this method. */
function isFlushable(provider: unknown): provider is Flushable {
  return typeof provider === 'object' && provider !== null && 'forceFlush' in provider;
}

function waitUnref(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}
