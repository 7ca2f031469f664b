// One listener an app: a lease on a blob of the host's own storage. Who holds it calls the timer; a host that dies loses
// it when the period ends, one that stops gives it back. A running function is never stopped for a lost lease.
import { type BlobServiceClient, type ContainerClient, RestError } from '@azure/storage-blob';
import type { Clock } from './clock.ts';
import type { SingletonSettings } from './host-json.ts';
import { type HostLog, messageOf } from './log.ts';

export const hostContainer = 'azure-webjobs-hosts';

export type BlobLockOptions = {
  readonly blobs: BlobServiceClient;
  readonly path: string;
  readonly singleton: SingletonSettings;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly signal: AbortSignal;
};

/**
 * Runs the work whenever this host holds the lock, until the signal aborts. The work's own signal aborts when the lock
 * is lost, too; it is then begun again as soon as the lock is had again.
 */
export async function whileLocked(
  options: BlobLockOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { blobs, path, singleton, clock, log, signal } = options;
  const fields = { category: 'Host.Singleton', lock: path };
  const container = blobs.getContainerClient(hostContainer);
  const lease = container.getBlobClient(path).getBlobLeaseClient();
  while (!signal.aborted) {
    try {
      if (await acquire(container, path, () => lease.acquireLease(singleton.lockPeriodMs / 1000))) {
        await hold();
        continue;
      }
    } catch (error) {
      // Storage is away, or the work failed: try again like a host that found the lock taken.
      log('warning', { ...fields, error: messageOf(error) }, 'the lock could not be had');
    }
    await clock.sleep(singleton.recoveryPollingMs, signal);
  }

  async function hold(): Promise<void> {
    const lost = new AbortController();
    const working = AbortSignal.any([signal, lost.signal]);
    const ended = new AbortController();
    const renewing = renew(lost, ended.signal);
    try {
      await work(working);
    } finally {
      ended.abort();
      await renewing;
      if (!lost.signal.aborted) await release();
    }
  }

  /** Goes on while the work ends after a stop, so that no other host begins the same timer meanwhile. */
  async function renew(lost: AbortController, ended: AbortSignal): Promise<void> {
    let renewedMs = clock.nowMs();
    while (!ended.aborted) {
      await clock.sleep(singleton.lockPeriodMs / 3, ended);
      if (ended.aborted) return;
      try {
        const askedMs = clock.nowMs();
        await lease.renewLease();
        renewedMs = askedMs;
      } catch (error) {
        const isGone = error instanceof RestError && error.statusCode !== undefined && error.statusCode < 500;
        if (!isGone && clock.nowMs() - renewedMs < singleton.lockPeriodMs) continue;
        log('error', { ...fields, error: messageOf(error) }, 'the lock was lost');
        lost.abort();
        return;
      }
    }
  }

  async function release(): Promise<void> {
    try {
      await lease.releaseLease();
    } catch (error) {
      // It ends by itself when the period is over.
      log('warning', { ...fields, error: messageOf(error) }, 'the lock could not be given back');
    }
  }
}

/** @returns false when another host has it. */
async function acquire(
  container: ContainerClient,
  path: string,
  tryLease: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await tryLease();
    return true;
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    if (error.statusCode === 409) return false;
    if (error.statusCode !== 404) throw error;
    await container.createIfNotExists();
    await createBlob(container, path);
    return await acquire(container, path, tryLease);
  }
}

async function createBlob(container: ContainerClient, path: string): Promise<void> {
  try {
    await container.getBlockBlobClient(path).upload('', 0, { conditions: { ifNoneMatch: '*' } });
  } catch (error) {
    // Another host made it, and may hold it already.
    if (!(error instanceof RestError && (error.statusCode === 409 || error.statusCode === 412))) throw error;
  }
}
