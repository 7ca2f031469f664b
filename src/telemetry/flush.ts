// Sends what waits before an instance may be frozen. Whoever waits for it waits two seconds at most; while an earlier
// send is later than that, nobody waits for a new one.
import { metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';

const flushLimitMs = 2000;

export type Flush = (withMetrics: boolean) => Promise<void>;

export function createFlush(monotonicMs: () => number): Flush {
  let running: { readonly sent: Promise<void>; readonly startedAtMs: number } | null = null;
  let next: { readonly sent: Promise<void>; withMetrics: boolean } | null = null;
  return async function flush(withMetrics) {
    if (running !== null && monotonicMs() - running.startedAtMs >= flushLimitMs) return;
    const sent = running === null ? begin(withMetrics) : join(running.sent, withMetrics);
    await Promise.race([sent, waitUnref(flushLimitMs)]);
  };

  function begin(withMetrics: boolean): Promise<void> {
    const sent = sendAll(withMetrics).finally(() => {
      if (running?.sent === sent) running = null;
    });
    running = { sent, startedAtMs: monotonicMs() };
    return sent;
  }

  /** One for all who come while another is under way; it begins when that has ended. */
  function join(before: Promise<void>, withMetrics: boolean): Promise<void> {
    if (next === null) {
      const waiting = { sent: before.then(() => beginNext()), withMetrics };
      next = waiting;
      return waiting.sent;
    }
    next.withMetrics ||= withMetrics;
    return next.sent;
  }

  function beginNext(): Promise<void> {
    const withMetrics = next?.withMetrics ?? false;
    next = null;
    return begin(withMetrics);
  }
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
