// Runs before each test file that shares its process with others, and holds it to leave the process as it found it. What
// sets a variable or registers the telemetry SDK for good belongs into test/e2e/, where each file has its own process.
import { afterAll, expect } from 'vitest';
import { isTelemetrySdkRegistered } from './fixtures/telemetry-sdk.ts';

const found = { ...process.env };

afterAll(() => {
  expect({ ...process.env }).toEqual(found);
  expect(isTelemetrySdkRegistered()).toBe(false);
});
