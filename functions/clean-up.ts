// Daily timer: retention.
import { app } from '@azure/functions';
import { getApp } from '../src/app.ts';

const everyNight = '0 17 3 * * *';

export async function cleanUp(): Promise<void> {
  await getApp().cleanUp();
}

app.timer('cleanUp', { schedule: everyNight, handler: cleanUp });
