// The status blob of a timer: what was last run and what should come next, so that a later host knows what it missed.
import { type BlobServiceClient, RestError } from '@azure/storage-blob';
import { z } from 'zod';
import { hostContainer } from './blob-lock.ts';
import type { Schedule } from './schedule.ts';
import type { ScheduleStatus } from './timer-input.ts';

export type TimerStatusStore = {
  /** @returns null before the first start, and for a blob that can't be read. */
  readonly read: () => Promise<ScheduleStatus | null>;
  readonly write: (status: ScheduleStatus) => Promise<void>;
};

/** What the real host writes for "never". */
const never = '0001-01-01T00:00:00.000Z';

const status = z.object({ Last: z.string(), Next: z.string(), LastUpdated: z.string() });

export function createTimerStatusStore(
  blobs: BlobServiceClient,
  hostId: string,
  functionName: string,
): TimerStatusStore {
  const container = blobs.getContainerClient(hostContainer);
  const blob = container.getBlockBlobClient(`timers/${hostId}/${functionName}/status`);
  return {
    read: async () => {
      try {
        const text = (await blob.downloadToBuffer()).toString('utf8');
        return status.safeParse(JSON.parse(text)).data ?? null;
      } catch (error) {
        if (error instanceof SyntaxError || (error instanceof RestError && error.statusCode === 404))
          return null;
        throw error;
      }
    },
    write: async (value) => {
      const text = JSON.stringify(value);
      await blob.upload(text, Buffer.byteLength(text), {
        blobHTTPHeaders: { blobContentType: 'application/json' },
      });
    },
  };
}

/** What a starting listener makes of a stored status. A changed schedule resets it, and then nothing was missed. */
export function resumeStatus(
  stored: ScheduleStatus | null,
  schedule: Schedule,
  nowMs: number,
): { readonly status: ScheduleStatus; readonly isPastDue: boolean } {
  if (stored !== null) {
    const hasRun = stored.Last !== never;
    const expectedMs = schedule.next(Date.parse(hasRun ? stored.Last : stored.LastUpdated));
    if (Date.parse(stored.Next) === expectedMs) return { status: stored, isPastDue: expectedMs < nowMs };
  }
  const next = new Date(schedule.next(nowMs)).toISOString();
  return {
    status: { Last: stored?.Last ?? never, Next: next, LastUpdated: new Date(nowMs).toISOString() },
    isPastDue: false,
  };
}
