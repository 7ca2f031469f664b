// A loop gone wild, as fast as this machine is: how many requests it takes until it is slowed down depends on that.
import { expect } from 'vitest';
import type { Answer } from './client.ts';

const atATime = 60;
const enough = 1200;

/** @returns all answers, the refused ones last. */
export async function askUntilLimited(ask: () => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const isLimited = ({ status }: Answer): boolean => status === 429;
  while (!answers.some(isLimited)) {
    answers.push(...(await Promise.all(Array.from({ length: atATime }, ask))));
    expect(answers.length, 'nobody was slowed down').toBeLessThan(enough);
  }
  return answers.toSorted((one, other) => Number(isLimited(one)) - Number(isLimited(other)));
}
